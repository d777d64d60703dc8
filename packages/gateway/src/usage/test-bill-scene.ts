import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import type { Endpoint } from '../endpoints/endpoint.ts';
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

export const IDLE_MS = 5_000;

/** For tests: a gateway's ledger and routing against a RunPod that bills the lives of its workers and knows nothing of attempts. */
export function createBillScene(budgets: readonly Budget[] = [], more: Partial<Endpoint> = {}) {
  const clock = createManualClock(Date.UTC(2026, 10, 20, 9, 50));
  const far = new FakeBiller(clock, IDLE_MS);
  const remote = {
    ...{ endpointId: 'ep', apiKey: 'k', baseUrl: 'https://api.runpod.ai/v2', maxInFlight: 10 },
    ...{ queueDelayMs: 0, onUnhealthy: true, gpuPool: 'ADA_24', gpuCount: 1 },
  };
  const retries = { workerLost: 2, handlerError: 1 };
  const endpoints = createTestDirectory(
    newTestEndpoint({ name: 'echo', backends: ['runpod'], remote, retries, ...more }),
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
    ...{ engine, clock, far, costs, spill },
    async start() {
      await spill.start();
      costs.start();
    },
    usage: () => costs.views.usage({ sinceDay: began, untilDay: dayOf(clock.now()), groupBy: ['endpoint'] }),
    estimate: (jobs: number) =>
      costs.views.estimate(endpoints.get('echo') ?? newTestEndpoint({ name: 'echo' }), jobs, 0),
    async stop() {
      const stopped = Promise.all([spill.stop(), costs.stop()]);
      await clock.advance(6_000);
      await stopped;
      await engine.stop();
    },
  };
}
