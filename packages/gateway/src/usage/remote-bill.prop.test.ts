import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createEventLog } from '../events/event-log.ts';
import { createGatewayCosts } from '../gateway-costs.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createRemoteStore } from '../remote/remote-store.ts';
import { createSpillRouter } from '../remote/spill-router.ts';
import type { Budget } from './budget.ts';
import { FakeBiller } from './fake-runpod-biller.ts';
import { dayOf } from './periods.ts';
import { NO_PRICES } from './prices.ts';

// A gateway's ledger against a RunPod that bills the lives of its workers and knows nothing of attempts.

const HOUR_MS = 3_600_000;
const IDLE_MS = 5_000;
const CENT = 10_000;

function createScene(budgets: readonly Budget[] = []) {
  const clock = createManualClock(Date.UTC(2026, 10, 20, 9, 50));
  const far = new FakeBiller(clock, IDLE_MS);
  const remote = {
    ...{ endpointId: 'ep', apiKey: 'k', baseUrl: 'https://api.runpod.ai/v2', maxInFlight: 10 },
    ...{ queueDelayMs: 0, onUnhealthy: true, gpuPool: 'ADA_24', gpuCount: 1 },
  };
  const retries = { workerLost: 2, handlerError: 1 };
  const endpoints = createTestDirectory(
    newTestEndpoint({ name: 'echo', backends: ['runpod'], remote, retries }),
  );
  const config = { prices: NO_PRICES, budgets, retention: { resultsMs: 1, usageMs: 1e12 } };
  const log = pino({ level: 'silent' });
  const costing = createGatewayCosts({
    ...{
      config,
      endpoints,
      clock,
      log,
      env: {},
      fetch: far.fetch,
      fleet: () => ({ worker: () => undefined }),
    },
  });
  const engine = createTestEngine({ clock, meter: costing.meter });
  const costs = costing.open(engine.db, {
    ...{ engine, events: createEventLog('run'), pokeWebhooks: () => {}, onStopChange: () => {} },
    fleet: { onChange: () => () => {} },
  });
  const spill = createSpillRouter({
    ...{ endpoints, queue: engine.queue, clock, ids: engine.ids, log, costs: costs.spill },
    store: createRemoteStore(engine.db, engine.exclusive),
    ...{ random: () => 0.5, inputFor: (job) => job.input, leaseMs: 1e9, fetch: far.fetch },
    ...{ local: () => ({ type: 'none' }), isPaused: () => false, forgetStops: () => {} },
  });
  const began = dayOf(clock.now());
  return {
    ...{ engine, clock, far, costs },
    async start() {
      await spill.start();
      costs.start();
    },
    usage: () => costs.views.usage({ sinceDay: began, untilDay: dayOf(clock.now()), groupBy: ['endpoint'] }),
    async stop() {
      const stopped = Promise.all([spill.stop(), costs.stop()]);
      await clock.advance(6_000);
      await stopped;
      await engine.stop();
    },
  };
}

const step = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(300_000, 1_500_000)),
  action: fc.constantFrom('submit', 'submit', 'submit', 'cancel', 'lost', 'throttled'),
  plan: fc.record({
    coldMs: fc.integer({ min: 1, max: 40_000 }),
    runMs: fc.integer({ min: 1, max: 90_000 }),
    fails: fc.boolean(),
  }),
});

const PLAN = { coldMs: 1_000, runMs: 1_000, fails: false };
/** No answer to any submit, and then nothing waits: the gateway must not ask again and again meanwhile. */
const OUT_OF_REACH = [
  ...(['lost', 'lost', 'lost', 'submit'] as const).map((action) => ({ afterMs: 1, action, plan: PLAN })),
  { afterMs: 2_000, action: 'cancel' as const, plan: PLAN },
];

test('attempts and the endpoint’s line are together what RunPod bills, to the cent, corrections included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      const scene = createScene();
      const { engine, clock, far } = scene;
      await scene.start();
      let last: string | undefined;
      for (const { afterMs, action, plan } of steps) {
        await clock.advance(afterMs);
        far.plan = plan;
        if (action === 'submit') last = (await engine.submit()).id;
        else if (action !== 'cancel') far.submits.push(action);
        else if (last !== undefined) await engine.queue.cancel(last);
      }
      // Until all has ended there, its hours are settled, and what was wrong at first was read again.
      await clock.advance(6 * HOUR_MS);
      const { rows, total } = await scene.usage();
      const wrong = Math.abs(Number(far.replay()) - total.costMicros);
      expect(wrong).toBeLessThan(CENT / 100);
      expect(rows.reduce((sum, row) => sum + row.costMicros, 0)).toBe(total.costMicros);
      expect(rows.filter(({ kind }) => kind === 'runpod-estimate')).toEqual([]);
      await scene.stop();
    }),
    { numRuns: 10, examples: [[OUT_OF_REACH]], endOnFailure: true },
  );
}, 120_000);

async function runOne(scene: ReturnType<typeof createScene>): Promise<void> {
  scene.far.plan = { coldMs: 20_000, runMs: 10_000, fails: false };
  await scene.start();
  await scene.engine.submit();
  await scene.clock.advance(60_000);
}

test('until RunPod’s bill is known, idle time is estimated and says so; then the bill takes its place', async () => {
  const scene = createScene();
  await runOne(scene);
  const work = { kind: 'attempts', attempts: 1, costMicros: 10 * 310 };
  expect((await scene.usage()).rows).toMatchObject([
    work,
    { kind: 'runpod-estimate', endpoint: 'echo', idleMs: IDLE_MS, costMicros: 5 * 310 },
  ]);
  await scene.clock.advance(3 * HOUR_MS);
  expect((await scene.usage()).rows).toMatchObject([
    work,
    { kind: 'runpod', endpoint: 'echo', costMicros: 35 * 306 - 10 * 310 },
  ]);
  await scene.stop();
});

test('a key that may not see bills leaves the estimate', async () => {
  const scene = createScene();
  scene.far.isForbidden = true;
  await runOne(scene);
  await scene.clock.advance(3 * HOUR_MS);
  expect((await scene.usage()).rows.map(({ kind }) => kind)).toEqual(['attempts', 'runpod-estimate']);
  await scene.stop();
});

test('budgets count RunPod’s whole bill, but for those of keys', async () => {
  const given = { per: 'day', limitMicros: 1_000_000, alertAt: [], isHardStop: true } as const;
  const scene = createScene([
    { ...given, name: 'all' },
    { ...given, name: 'a key', keyId: 'k1' },
    { ...given, name: 'spill', endpoint: 'echo', isOfSpill: true },
    { ...given, name: 'another', endpoint: 'other' },
  ]);
  await runOne(scene);
  await scene.clock.advance(3 * HOUR_MS);
  const spent = scene.costs.ledger.budgets.states().map(({ spentMicros }) => spentMicros);
  expect(spent).toEqual([35 * 306, 0, 35 * 306, 0]);
  await scene.stop();
});
