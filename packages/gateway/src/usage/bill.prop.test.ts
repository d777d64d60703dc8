import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createUsageMeter } from './attempt-meter.ts';
import { createLedger } from './ledger.ts';
import { microsOf } from './money.ts';
import { dayOf } from './periods.ts';
import { createPriceBook } from './prices.ts';
import { createUsageStore } from './sqlite/usage-store.ts';
import { readUsage } from './usage-report.ts';

/**
 * A gateway's ledger against a biller that knows nothing of jobs: it bills each worker from its start to its end, in
 * seconds rounded up, whatever the worker did. Jobs, crashes, hand-backs and attempts side by side are played at random.
 */
const PER_HOUR = microsOf(1.1);
const endpoint = newTestEndpoint({ name: 'echo' });

const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 9_000 }),
  worker: fc.integer({ min: 0, max: 2 }),
  action: fc.constantFrom(
    'start',
    'ready',
    'take',
    'take',
    'done',
    'done',
    'fail',
    'crash',
    'stop',
    'submit',
    'submit',
  ),
});

function createScene() {
  const prices = createPriceBook({ local: PER_HOUR, pool: 0, runpod: {} });
  const listeners: ((change: FleetChange) => void)[] = [];
  const meter = createUsageMeter({ endpoints: [endpoint], prices, backendOf: () => 'process' });
  const engine = createTestEngine({ meter });
  const { clock, queue } = engine;
  const store = createUsageStore(engine.db, engine.exclusive);
  createLedger({
    ...{ store, meter, prices, budgets: [], queue, clock, retentionMs: 1e12 },
    endpoints: { get: () => endpoint, names: () => ['echo'] },
    fleet: { onChange: (listener) => listeners.push(listener) },
    onAlert: () => {},
    onStopChange: () => {},
    onError: (error) => {
      throw error;
    },
  });
  const bill: { from: number; until: number }[] = [];
  const alive = new Map<number, WorkerSnapshot>();
  let started = 0;
  const tell = (worker: WorkerSnapshot) => {
    for (const listener of listeners) listener({ endpoint: 'echo', worker });
  };

  async function act({ worker: slot, action }: { worker: number; action: string }): Promise<void> {
    const worker = alive.get(slot);
    if (action === 'submit') return void (await engine.submit());
    if (action === 'start' && !worker) {
      started += 1;
      const fresh: WorkerSnapshot = {
        ...{ id: `w${started}`, endpoint: 'echo', backend: 'process', state: 'initializing', jobs: 0 },
        startedAt: clock.now(),
      };
      alive.set(slot, fresh);
      return tell(fresh);
    }
    if (!worker) return;
    const [held] = queue.held.of(worker.id);
    if (action === 'ready') {
      const ready: WorkerSnapshot = { ...worker, readyAt: worker.readyAt ?? clock.now(), state: 'idle' };
      alive.set(slot, ready);
      return tell(ready);
    }
    if (action === 'take' && worker.readyAt !== undefined) {
      const request = { endpoint: 'echo', workerId: worker.id, leaseMs: 1e9, max: 2, acceptsSuspects: true };
      return void (await queue.take(request));
    }
    const by = held && { workerId: worker.id, wireId: held.wireId };
    if (action === 'done' && by) return void (await queue.complete(by, '1'));
    if (action === 'fail' && by) return void (await queue.fail(by, { error: 'no' }));
    if (action !== 'crash' && action !== 'stop') return;
    alive.delete(slot);
    bill.push({ from: worker.startedAt, until: clock.now() });
    tell({ ...worker, state: 'stopped', stoppedAt: clock.now() });
    if (action === 'crash')
      await engine.workerLost(worker.id, { type: 'WORKER_CRASHED', message: 'it died' });
    else await queue.handBack(worker.id, 'its worker was stopped');
  }

  return { engine, store, act, bill, alive };
}

/** Dollars times a million, as a biller with its own arithmetic sees them. */
function billed(lives: readonly { from: number; until: number }[]): bigint {
  const seconds = lives.map(({ from, until }) => (BigInt(until - from) + 999n) / 1_000n);
  return seconds.reduce((sum, one) => sum + one * BigInt(PER_HOUR), 0n) / 3_600n;
}

test('attempts and the endpoint’s line are together what a biller of workers’ lives bills, to the cent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const { engine, act, bill, alive } = createScene();
      const { clock } = engine;
      const began = dayOf(clock.now());
      for (const one of steps) {
        await clock.advance(one.afterMs);
        await act(one);
      }
      await clock.settle();
      const open = [...alive.values()].map(({ startedAt }) => ({ from: startedAt, until: clock.now() }));
      const query = { sinceDay: began, untilDay: dayOf(clock.now()), groupBy: ['endpoint'] as const };
      const { rows, total } = await readUsage(engine.readAside, query, clock.now());
      const lives = [...bill, ...open];
      const wrong = Math.abs(Number(billed(lives) - BigInt(total.costMicros)));
      // Rounding to the millionth, once a life.
      expect(wrong).toBeLessThanOrEqual(lives.length);
      expect(rows.reduce((sum, row) => sum + row.costMicros, 0)).toBe(total.costMicros);
      // What they did in it: no moment of a life is told twice or left out.
      const lived = lives.reduce((sum, { from, until }) => sum + until - from, 0);
      const told = total.executionMs + total.startUpMs + total.idleMs;
      expect(Math.abs(told - lived)).toBeLessThanOrEqual(total.attempts + lives.length);
      await engine.stop();
    }),
    { numRuns: 40 },
  );
});

test('a life is made of its start-up, its attempts and its idle time', async () => {
  const { engine, act } = createScene();
  const { clock } = engine;
  await act({ worker: 0, action: 'start' });
  await clock.advance(20_000);
  await act({ worker: 0, action: 'ready' });
  await act({ worker: 0, action: 'submit' });
  await act({ worker: 0, action: 'take' });
  await clock.advance(7_400);
  await act({ worker: 0, action: 'done' });
  await clock.advance(5_000);
  await act({ worker: 0, action: 'stop' });
  await clock.settle();
  const day = dayOf(clock.now());
  const query = { sinceDay: day, untilDay: day, groupBy: ['endpoint'] as const };
  const { rows } = await readUsage(engine.readAside, query, clock.now());
  const perSecond = PER_HOUR / 3_600;
  expect(rows).toMatchObject([
    {
      kind: 'attempts',
      attempts: 1,
      completed: 1,
      executionMs: 7_400,
      chargedSeconds: 8,
      costMicros: Math.round(8 * perSecond),
    },
    {
      kind: 'workers',
      startUpMs: 20_000,
      idleMs: 5_000,
      costMicros: Math.round(33 * perSecond) - Math.round(8 * perSecond),
    },
  ]);
  await engine.stop();
});

test('attempts that cost nothing write nothing, and are known before and after their jobs are deleted', async () => {
  const engine = createTestEngine();
  const { clock, queue } = engine;
  for (const keyId of ['k1', 'k1', undefined]) {
    const job = await engine.submit({ keyId, tags: ['a', 'b'] });
    await engine.take('w');
    await clock.advance(1_500);
    await queue.complete({ workerId: 'w', wireId: job.id }, '1');
  }
  const lost = await engine.submit({ keyId: 'k1' });
  await engine.take('w');
  await clock.advance(500);
  await queue.loseJob('w', lost.id, { type: 'WORKER_CRASHED', message: 'gone' });
  await queue.cancel(lost.id);
  const day = dayOf(clock.now());
  const read = () =>
    readUsage(engine.readAside, { sinceDay: day, untilDay: day, groupBy: ['key', 'tag'] }, clock.now());
  const before = await read();
  expect(before.total).toMatchObject({ attempts: 4, completed: 3, executionMs: 5_000, costMicros: 0 });
  expect(before.rows).toMatchObject([
    { key: 'admin', tag: 'a', attempts: 1 },
    { key: 'admin', tag: 'b', attempts: 1 },
    { key: 'k1', tag: '', attempts: 1, completed: 0, executionMs: 500 },
    { key: 'k1', tag: 'a', attempts: 2, executionMs: 3_000 },
    { key: 'k1', tag: 'b', attempts: 2 },
  ]);
  expect(engine.db.prepare('SELECT count(*) AS n FROM usage_attempts').get()).toEqual({ n: 0 });
  expect(await queue.remove(lost.id)).toBe(true);
  expect(await read()).toEqual(before);
  expect(await queue.removeEndedBefore(clock.now() + 1, 100)).toBe(3);
  expect(await read()).toEqual(before);
  await engine.stop();
});
