import { createManualClock } from '@spillway/sdk/clock';
import type { InjectOptions, Response } from 'light-my-request';
import { type Logger, pino } from 'pino';
import { defaultConfig, type GatewayConfig } from '../config/index.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createEventLog } from '../events/event-log.ts';
import { logEvents } from '../events/log-events.ts';
import { recordEvents } from '../events/record-events.ts';
import { createFakeBackend, type FakeBackend } from '../fleet/fake-backend.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { Card } from '../fleet/gpu/card.ts';
import { createTestPlacer } from '../fleet/gpu/test-placer.ts';
import { createGatewayCosts } from '../gateway-costs.ts';
import { noteBusyWorkers } from '../gateway-reactions.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createKeyStore, type NewKey } from '../keys/key-store.ts';
import { createUploadTokens } from '../keys/upload-tokens.ts';
import { createWorkerKeys, type WorkerKeys } from '../keys/worker-keys.ts';
import { createGatewayMetrics } from '../metrics/gateway-metrics.ts';
import { NO_SPILL } from '../remote/spill-router.ts';
import { createSqliteDeliveryStore } from '../results/sqlite/sqlite-delivery-store.ts';
import { createApp, ROUTES } from './app.ts';
import { createAuthenticator } from './auth.ts';
import { createReference } from './openapi/reference.ts';
import { checkAnswers } from './openapi/test-answers.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { createRequestIds } from './request-log.ts';
import type { RouteParts } from './route.ts';
import { withInject } from './test-inject.ts';

const ADMIN = 'spk_admin-key-of-the-tests';

export type NativeTestApp = ReturnType<typeof createNativeTestApp>;

interface CallOptions {
  /** A key other than the admin's. */
  readonly as?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A fleet whose workers the test plays, wired to the engine as a gateway's is. */
function createPlayedFleet(
  engine: ReturnType<typeof createTestEngine>,
  backend: FakeBackend,
  workerKeys: WorkerKeys,
): Fleet {
  const { clock, ids, queue } = engine;
  const fleet = createFleet({
    ...{ clock, ids, backends: [backend], hostname: 'box', heartbeatMs: 10_000 },
    hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
    origin: () => 'http://127.0.0.1:1',
    keys: {
      issueKey: (workerId, endpoint) => workerKeys.issue({ workerId, endpoint }),
      revokeKey: workerKeys.revoke,
    },
    log: { info: () => {}, warn: () => {} },
    drain: engine.drain,
    jobs: { held: queue.held.count, close: engine.dispatcher.close, reopen: engine.dispatcher.forget },
    onWorkerLost: async (workerId, _endpoint, failure) => engine.workerLost(workerId, failure),
  });
  noteBusyWorkers(engine, fleet);
  return fleet;
}

/** Everything below the HTTP face, and the face itself, wired as a gateway's is. */
function createPlayedGateway(
  changes: Partial<Endpoint>,
  log: Logger,
  cards: readonly Card[],
  costs: Partial<Pick<GatewayConfig, 'prices' | 'budgets'>>,
) {
  const endpoints = createTestDirectory(
    newTestEndpoint({ name: 'echo', ...changes }),
    newTestEndpoint({ name: 'other', ...changes }),
  );
  const clock = createManualClock();
  const costing = createGatewayCosts({
    ...{ config: { ...defaultConfig('/', {}), ...costs }, endpoints, clock },
    ...{ log: pino({ level: 'silent' }), fleet: () => fleet },
  });
  const engine = createTestEngine({
    clock,
    meter: costing.meter,
    outOfReach: {
      has: (workerId) => fleet.isOutOfReach(workerId),
      wontStop: (workerId, jobIds) => fleet.pool.wontStop(workerId, jobIds),
      hasStopped: (workerId) => fleet.pool.hasStopped(workerId),
    },
  });
  const { ids, queue } = engine;
  endpoints.watch(({ endpoint, type }) => {
    if (type === 'paused') engine.dispatcher.pause(endpoint);
    if (type === 'resumed') engine.dispatcher.resume(endpoint);
  });
  const keys = createKeyStore(engine.db, engine);
  const workerKeys = createWorkerKeys(ids);
  const uploadTokens = createUploadTokens(engine.db, engine);
  const backend = createFakeBackend();
  const fleet = createPlayedFleet(engine, backend, workerKeys);
  const events = createEventLog('run1');
  const { ledger, views: usage } = costing.open(engine.db, {
    ...{ engine, fleet, events, pokeWebhooks: () => {}, onStopChange: () => {} },
  });
  const metrics = createGatewayMetrics({ queue, fleet, endpoints, version: 'test', costs: ledger });
  recordEvents(events, { queue, fleet, endpoints, clock });
  logEvents(events, log);
  const stopping = new AbortController();
  const parts = {
    ...{ endpoints, queue, fleet, keys, uploadTokens, clock, events, usage },
    dispatcher: engine.dispatcher,
    waiters: engine.waiters,
    stops: engine.stops,
    strays: engine.strays,
    forgetSoon: engine.forgetSoon,
    deliveries: createSqliteDeliveryStore(engine.db),
    spill: NO_SPILL,
    placer: createTestPlacer({ clock, endpoints, workers: () => fleet.workers(), cards: () => cards }),
    pokeWebhooks: () => {},
    metricsText: metrics.text,
    stopping: stopping.signal,
    reference: createReference(ROUTES, 'test'),
    leaseMs: 40_000,
    workerHoldMs: 25_000,
    isStopping: () => false,
    waitReason: async (job: Parameters<RouteParts['waitReason']>[0]) =>
      job.status === 'IN_QUEUE' ? { code: 'WORKER_STARTING', message: 'a worker is starting' } : undefined,
    // Parts that none of these tests reaches are left out.
  } as Partial<RouteParts> as RouteParts;
  const answers = checkAnswers(ROUTES);
  const served = createApp({
    ...{ parts, log, onAnswer: metrics.observeRequest },
    authenticate: createAuthenticator({ adminKey: ADMIN, keys, workerKeys, uploadTokens }),
    limiter: createRateLimiter(defaultConfig('/', {}).rateLimits, clock),
    requestIds: createRequestIds('run1'),
  });
  const app = withInject(served, { onAnswer: answers.note });
  return { answers, engine, endpoints, ledger, keys, backend, fleet, events, stopping, parts, app };
}

/**
 * The HTTP face over an engine in memory and a fleet whose workers are played by the test, with the endpoints `echo` and
 * `other`.
 */
export function createNativeTestApp(
  changes: Partial<Endpoint> = {},
  log: Logger = pino({ level: 'silent' }),
  cards: readonly Card[] = [],
  costs: Partial<Pick<GatewayConfig, 'prices' | 'budgets'>> = {},
) {
  const { engine, stopping, ...parts } = createPlayedGateway(changes, log, cards, costs);
  const { app, endpoints, fleet, keys } = parts;

  const call = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    { as = ADMIN, headers = {} }: CallOptions = {},
  ): Promise<Response> => {
    const options: InjectOptions = { method, url, headers: { authorization: as, ...headers } };
    if (body !== undefined) options.payload = typeof body === 'string' ? body : JSON.stringify(body);
    return app.inject(options);
  };

  return {
    ...engine,
    ...parts,
    call,
    /** The secret of a fresh key. */
    key: (key: Partial<NewKey> = {}) => keys.create({ name: 'test', scope: 'client', ...key }).secret,
    /** Submits a job to `echo` and answers its id. */
    async submit(body: Record<string, unknown> = {}, headers: Readonly<Record<string, string>> = {}) {
      const reply = await call('POST', '/v1/jobs', { endpoint: 'echo', input: {}, ...body }, { headers });
      return reply.json<{ id: string }>().id;
    },
    show: async (id: string) => (await call('GET', `/v1/jobs/${id}`)).json<Record<string, unknown>>(),
    take: (worker = 'w1') => call('GET', `/v2/echo/job-take/${worker}?job_in_progress=0`),
    done: (id: string, body: string, worker = 'w1') =>
      call('POST', `/v2/echo/job-done/${worker}/${id}`, body),
    /** A worker of `echo` that the fleet has started; it has not asked for a job yet. */
    async startWorker() {
      const id = fleet.startWorker(endpoints.get('echo') ?? newTestEndpoint()) ?? '';
      await engine.clock.settle();
      return id;
    },
    /** Ends everything; answers how many waits were left open, which must be none. */
    async stop(): Promise<number> {
      stopping.abort();
      await fleet.stop();
      const open = await engine.stop();
      await app.close();
      if (parts.answers.problems.length > 0) throw new Error(parts.answers.problems.join('\n'));
      return open;
    },
  };
}
