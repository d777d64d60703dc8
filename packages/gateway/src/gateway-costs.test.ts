import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import type { Endpoint, RemoteBackend } from './endpoints/endpoint.ts';
import { newTestEndpoint } from './endpoints/new-test-endpoint.ts';
import { createTestDirectory } from './endpoints/test-directory.ts';
import { createEventLog } from './events/event-log.ts';
import type { FleetChange, WorkerSnapshot } from './fleet/fleet.ts';
import { createGatewayCosts } from './gateway-costs.ts';
import { createTestEngine } from './jobs/test-engine.ts';
import { createRemoteStore } from './remote/remote-store.ts';
import { createSpillRouter } from './remote/spill-router.ts';
import { createSqliteDeliveryStore } from './results/sqlite/sqlite-delivery-store.ts';
import type { Budget } from './usage/budget.ts';
import { microsOf } from './usage/money.ts';
import { NO_PRICES, type PriceSettings } from './usage/prices.ts';

// Budgets over a job engine and a RunPod that is played here: every job there takes 100 s, a second costs $0.00031.

const REMOTE: RemoteBackend = {
  ...{ endpointId: 'ep', apiKey: 'k', baseUrl: 'http://runpod.test/v2', maxInFlight: 10 },
  ...{ queueDelayMs: 0, onUnhealthy: true, gpuPool: 'ADA_24', gpuCount: 1 },
};
const JOB_MS = 100_000;
const JOB_COST = 100 * 310;
/** Estimated, since no bill is to be had. */
const IDLE_COST = 5 * 310;

function createScene(options: {
  readonly endpoint?: Partial<Endpoint>;
  readonly budgets?: readonly Budget[];
  readonly prices?: PriceSettings;
}) {
  const clock = createManualClock();
  const endpoints = createTestDirectory(newTestEndpoint({ name: 'echo', ...options.endpoint }));
  const config = {
    ...{ prices: options.prices ?? NO_PRICES, budgets: options.budgets ?? [] },
    retention: { resultsMs: 1, usageMs: 1e12 },
  };
  const log = pino({ level: 'silent' });
  const workers = new Map<string, WorkerSnapshot>();
  const fleet = { worker: (id: string) => workers.get(id) };
  const costing = createGatewayCosts({ config, endpoints, clock, log, env: {}, fleet: () => fleet });
  const engine = createTestEngine({ clock, meter: costing.meter });
  const listeners: ((change: FleetChange) => void)[] = [];
  const events = createEventLog('run');
  const costs = costing.open(engine.db, {
    ...{ engine, events, pokeWebhooks: () => {}, onStopChange: () => {} },
    fleet: {
      onChange: (listener) => {
        listeners.push(listener);
        return () => {};
      },
    },
  });
  const submittedAt = new Map<string, number>();
  const spill = createSpillRouter({
    ...{ endpoints, queue: engine.queue, clock, ids: engine.ids, log, costs: costs.spill },
    store: createRemoteStore(engine.db, engine.exclusive),
    ...{ random: () => 0.5, inputFor: (job) => job.input, leaseMs: 40_000 },
    local: () => ({ type: 'none' }),
    ...{ isPaused: () => false, forgetStops: () => {} },
    async fetch(url, init) {
      const [operation = '', id = ''] = new URL(String(url)).pathname.split('/').slice(3);
      if (operation === 'run') {
        const remoteId = `r${submittedAt.size + 1}`;
        submittedAt.set(remoteId, clock.now());
        return Response.json({ id: remoteId, status: 'IN_QUEUE' });
      }
      if (operation === 'stream') return Response.json({ status: 'IN_PROGRESS', stream: [] });
      if (operation === 'health') return Response.json({ jobs: {}, workers: { idle: 1, ready: 1 } });
      const isOver = clock.now() - (submittedAt.get(id) ?? 0) >= JOB_MS;
      const done = { status: 'COMPLETED', output: 1, executionTime: JOB_MS, workerId: 'far1' };
      return Response.json({ id, ...(isOver && init?.method === 'GET' ? done : { status: 'IN_PROGRESS' }) });
    },
  });
  return {
    ...{ engine, clock, costs, events, spill, submittedAt },
    tell(worker: WorkerSnapshot) {
      workers.set(worker.id, worker);
      for (const listener of listeners) listener({ endpoint: 'echo', worker });
    },
    async start() {
      await spill.start();
      costs.start();
    },
    async stop() {
      const stopped = Promise.all([spill.stop(), costs.stop()]);
      await clock.advance(6_000);
      await stopped;
      await engine.stop();
    },
  };
}

let scene: ReturnType<typeof createScene>;
afterEach(() => scene.stop());

/** So many jobs, and time for all that may go out to come back. */
async function run(jobs: number, keyId?: string, forMs = 2 * JOB_MS): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < jobs; i += 1) ids.push((await scene.engine.submit({ keyId })).id);
  await scene.clock.advance(forMs);
  return ids;
}

const remoteOnly = (changes: Partial<RemoteBackend> = {}): Partial<Endpoint> => ({
  ...{ backends: ['runpod'], remote: { ...REMOTE, ...changes } },
});
const statusesOf = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await scene.engine.queue.get(id))?.status));
const spillBudget = (limitMicros: number): Budget => ({
  ...{
    name: 'echo spill',
    endpoint: 'echo',
    per: 'day',
    limitMicros,
    alertAt: [],
    isHardStop: true,
    isOfSpill: true,
  },
});

describe('what may be spent at RunPod in a day', () => {
  test('is passed by no job and no idle time: the first goes alone, then as many as their measured cost allows', async () => {
    const limit = 3 * (JOB_COST + IDLE_COST);
    scene = createScene({ endpoint: remoteOnly(), budgets: [spillBudget(limit)] });
    await scene.start();
    const ids = await run(6, undefined, JOB_MS / 2);
    expect(scene.submittedAt.size).toBe(1);
    await scene.clock.advance(3 * JOB_MS);
    expect(scene.submittedAt.size).toBe(3);
    const [state] = scene.costs.ledger.budgets.states();
    expect(state).toMatchObject({ spentMicros: 3 * JOB_COST + 2 * IDLE_COST, reservedMicros: 0 });
    expect(state?.spentMicros).toBeLessThanOrEqual(limit);
    const waiting = ids.filter((_id, index) => index >= 3);
    expect(await statusesOf(waiting)).toEqual(['IN_QUEUE', 'IN_QUEUE', 'IN_QUEUE']);
    const job = { id: waiting[0] ?? '', endpoint: 'echo' };
    expect(scene.spill.obstacle(job)).toEqual({
      code: 'BUDGET',
      message: expect.stringContaining('what echo may spend at RunPod ($0.098 a day) has too little left'),
    });
  });

  test('begins anew with the day', async () => {
    scene = createScene({ endpoint: remoteOnly(), budgets: [spillBudget(JOB_COST + IDLE_COST)] });
    await scene.start();
    const ids = await run(2);
    expect(await statusesOf(ids)).toEqual(['COMPLETED', 'IN_QUEUE']);
    const [state] = scene.costs.ledger.budgets.states();
    const untilMidnight = (state?.endsAt ?? 0) - scene.clock.now();
    // The day's end comes before the end of the job's time to live, in hours of waiting.
    for (let hour = 0; hour * 3_600_000 < untilMidnight; hour += 1) await scene.clock.advance(3_600_000);
    await scene.clock.advance(2 * JOB_MS);
    expect(await statusesOf(ids)).toEqual(['COMPLETED', 'COMPLETED']);
  });
});

test('the budget of a key holds its jobs back and lets others pass', async () => {
  const budget: Budget = {
    ...{ name: 'team', keyId: 'k1', per: 'month', limitMicros: JOB_COST, alertAt: [], isHardStop: true },
  };
  scene = createScene({ endpoint: remoteOnly(), budgets: [budget] });
  await scene.start();
  const [first] = await run(1, 'k1');
  const held = await run(12, 'k1');
  const others = await run(2, 'k2');
  expect(await statusesOf([first ?? '', ...others])).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
  expect(new Set(await statusesOf(held))).toEqual(new Set(['IN_QUEUE']));
});

test('an attempt says what it cost, by the time that RunPod measured', async () => {
  scene = createScene({ endpoint: remoteOnly() });
  await scene.start();
  const [id = ''] = await run(1);
  expect(scene.costs.views.costsOf({ id, endpoint: 'echo' }).get(1)).toEqual({
    ...{ number: 1, seconds: 100, priceClass: 'ADA_24', costMicros: JOB_COST },
  });
  expect(scene.costs.ledger.totals()).toEqual([{ endpoint: 'echo', backend: 'runpod', micros: JOB_COST }]);
});

test('without a pool the price is unknown, and told so instead of guessed', async () => {
  const { gpuPool: _, ...unpriced } = REMOTE;
  scene = createScene({ endpoint: { backends: ['runpod'], remote: unpriced } });
  await scene.start();
  const [id = ''] = await run(1);
  expect(scene.costs.views.costsOf({ id, endpoint: 'echo' }).get(1)).toEqual({ number: 1, seconds: 100 });
  const day = Math.floor(scene.clock.now() / 86_400_000);
  const { total } = await scene.costs.views.usage({ sinceDay: day, untilDay: day, groupBy: ['endpoint'] });
  expect(total).toMatchObject({ attempts: 1, unpricedAttempts: 1, costMicros: 0 });
});

describe('thresholds of a budget', () => {
  const MOST = 2 * (JOB_COST + IDLE_COST);
  const budget: Budget = {
    ...{ name: 'gpu', per: 'month', limitMicros: MOST, alertAt: [45, 95], isHardStop: true },
    webhook: 'https://example.com/money',
  };

  test('are told once each: an event, and a webhook in the outbox', async () => {
    scene = createScene({ endpoint: remoteOnly(), budgets: [budget] });
    await scene.start();
    await run(5);
    await scene.clock.advance(5 * JOB_MS);
    const alerts = scene.events.after(0, 1_000)?.filter(({ type }) => type === 'budget.alert');
    expect(alerts).toMatchObject([
      { budget: 'gpu', percent: 45 },
      { budget: 'gpu', percent: 95 },
    ]);
    const deliveries = createSqliteDeliveryStore(scene.engine.db).due(scene.clock.now(), 10);
    expect(
      deliveries.map(({ url, body }) => ({ url, body: JSON.parse(body ?? '{}') as unknown })),
    ).toMatchObject([
      {
        url: budget.webhook,
        body: { type: 'budget.alert', budget: 'gpu', percent: 45, spentMicros: JOB_COST },
      },
      { body: { percent: 95, spentMicros: 2 * JOB_COST + IDLE_COST, hardStop: true } },
    ]);
  });
});

describe('a budget for workers here', () => {
  const MIDNIGHT = Math.ceil(1_800_000_000_000 / 86_400_000) * 86_400_000;

  /** One that costs a dollar in half an hour, which is what may be spent in a day. */
  async function startPaid(): Promise<void> {
    const budget: Budget = {
      ...{ name: 'box', per: 'day', limitMicros: microsOf(1), alertAt: [80, 100], isHardStop: true },
    };
    scene = createScene({ budgets: [budget], prices: { ...NO_PRICES, local: microsOf(2) } });
    await scene.start();
    await scene.clock.advance(3_300);
    scene.tell({
      ...{ id: 'w1', endpoint: 'echo', backend: 'process', state: 'idle', jobs: 0 },
      ...{ startedAt: scene.clock.now(), readyAt: scene.clock.now() },
    });
  }

  test('ends deliveries in the very moment in which it is used up, and jobs say so', async () => {
    await startPaid();
    // A second is paid when it begins.
    await scene.clock.advance(30 * 60_000 - 1_000);
    expect(scene.costs.isHeld('echo')).toBe(false);
    await scene.clock.advance(1);
    expect(scene.costs.isHeld('echo')).toBe(true);
    expect(scene.costs.isUnpaid('echo')).toBe(true);
    expect(scene.costs.ledger.stopOf('echo')).toContain('the budget box ($1.00 a day) is used up: $1.0');
    await scene.engine.submit();
    const taken = scene.engine.take('w1', { holdMs: 1_000 });
    await scene.clock.advance(1_000);
    expect(await taken).toEqual([]);
  });

  test('tells its thresholds as they are reached', async () => {
    await startPaid();
    const startedAt = scene.clock.now();
    await scene.clock.advance(31 * 60_000);
    const alerts = scene.events.after(0, 1_000)?.filter(({ type }) => type === 'budget.alert');
    expect(alerts).toMatchObject([
      { percent: 80, at: startedAt + 24 * 60_000 - 999 },
      {
        percent: 100,
        at: startedAt + 30 * 60_000 - 999,
        reason: expect.stringContaining('nothing more is spent'),
      },
    ]);
  });

  test('lets jobs go on with the first moment of the next day', async () => {
    await startPaid();
    await scene.clock.advance(31 * 60_000);
    scene.tell({
      ...{ id: 'w1', endpoint: 'echo', backend: 'process', state: 'stopped', jobs: 0 },
      ...{ startedAt: 1_800_000_003_300, readyAt: 1_800_000_003_300, stoppedAt: scene.clock.now() },
    });
    await scene.clock.advance(MIDNIGHT - scene.clock.now() - 1);
    expect(scene.costs.isHeld('echo')).toBe(true);
    await scene.clock.advance(1);
    expect(scene.costs.isHeld('echo')).toBe(false);
  });
});

describe('an estimate where jobs run here and in workers that connect by themselves', () => {
  const JOBS = 100;

  /** Three jobs of 10 s here, one of 20 s in the worker that came by itself. */
  async function estimateAt(pool: number) {
    const endpoint: Partial<Endpoint> = {
      ...{ backends: ['process', 'pool'], workers: { min: 0, max: 2, idleTimeoutMs: 5_000 } },
    };
    scene = createScene({ endpoint, prices: { ...NO_PRICES, local: microsOf(3.6), pool: microsOf(pool) } });
    await scene.start();
    for (const [workerId, backend, ms] of [
      ...[1, 2, 3].map(() => ['w1', 'process', 10_000] as const),
      ['p1', 'pool', 20_000] as const,
    ]) {
      const at = scene.clock.now();
      const state = 'running' as const;
      scene.tell({
        ...{ id: workerId, endpoint: 'echo', backend, state, jobs: 1, startedAt: at, readyAt: at },
      });
      const { id } = await scene.engine.submit();
      await scene.engine.take(workerId);
      await scene.clock.advance(ms);
      await scene.engine.queue.complete({ workerId, wireId: id }, '1');
    }
    return scene.costs.views.estimate(newTestEndpoint({ name: 'echo', ...endpoint }), JOBS, 1);
  }

  test('prices both, each by its own attempts, and all as they were shared between them', async () => {
    const { places, mix } = await estimateAt(1.8);
    const [here, there] = [JOBS * 10 * 1_000, JOBS * 20 * 500];
    expect(places).toMatchObject([
      {
        place: 'local',
        priceClass: 'local',
        measuredAttempts: 3,
        atOnce: 2,
        share: 0.75,
        expectedMicros: here,
      },
      {
        place: 'pool',
        priceClass: 'pool',
        measuredAttempts: 1,
        atOnce: 1,
        share: 0.25,
        expectedMicros: there,
      },
    ]);
    expect(mix).toMatchObject({ expectedMicros: 0.75 * here + 0.25 * there });
  });

  test('counts for the one that costs nothing what ran there, too', async () => {
    const { places, mix } = await estimateAt(0);
    expect(places).toMatchObject([
      { place: 'local', measuredAttempts: 3, share: 0.75, expectedMicros: JOBS * 10 * 1_000 },
      { place: 'pool', measuredAttempts: 1, share: 0.25, meanMs: 20_000, expectedMicros: 0 },
    ]);
    expect(mix).toEqual({ expectedMicros: 750_000, cheapestMicros: 0, dearestMicros: 1_000_000 });
  });

  test('makes one place of both where they cost the same', async () => {
    const { places } = await estimateAt(3.6);
    expect(places).toMatchObject([{ place: 'local', measuredAttempts: 4, atOnce: 3, share: 1 }]);
  });
});
