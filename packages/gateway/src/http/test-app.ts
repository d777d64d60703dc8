import type { ServerResponse } from 'node:http';
import type { InjectOptions, Response } from 'light-my-request';
import { pino } from 'pino';
import { type Batches, createBatches } from '../batches/batches.ts';
import { createSqliteBatchStore } from '../batches/sqlite/sqlite-batch-store.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createKeyStore } from '../keys/key-store.ts';
import { createUploadTokens } from '../keys/upload-tokens.ts';
import { createWorkerKeys } from '../keys/worker-keys.ts';
import { createSqliteDeliveryStore } from '../results/sqlite/sqlite-delivery-store.ts';
import { JobSignatures } from '../signatures/job-signatures.ts';
import { createSqliteSignatureStore } from '../signatures/sqlite/sqlite-signature-store.ts';
import { type AppOptions, createApp, ROUTES } from './app.ts';
import { createAuthenticator } from './auth.ts';
import { batchSubmission } from './batch/batch-submission.ts';
import { checkAnswers } from './openapi/test-answers.ts';
import type { RouteParts } from './route.ts';
import { withInject } from './test-inject.ts';
import { newTestParts } from './test-parts.ts';

export const ADMIN = 'spk_admin-key-of-the-tests';

/** RunPod's Python workers send JSON under this type. */
const REPORT_HEADERS = {
  authorization: ADMIN,
  'content-type': 'application/x-www-form-urlencoded',
  charset: 'utf-8',
};

const SILENT = { level: 'silent' };

/** A fleet for which workers come and go unseen; what is told of them is written down. */
function createTestFleet(noted: string[]): RouteParts['fleet'] {
  const fleet = {
    counts: () => ({ idle: 0, initializing: 0, ready: 0, running: 0, throttled: 0, unhealthy: 0 }),
    noteTake: () => {},
    noteUnhealthy: (workerId: string, reason: string) => noted.push(`unhealthy ${workerId} ${reason}`),
    refreshWorker: (workerId: string) => noted.push(`refresh ${workerId}`),
    pool: { admit: () => undefined, hold: () => () => {}, freeHands: () => {}, goodbye: () => {} },
  };
  return fleet as unknown as RouteParts['fleet'];
}

export type TestApp = ReturnType<typeof createTestApp>;

/** The HTTP face over an engine in memory, with the endpoints `echo` and `other`; tests play clients and workers. */
export function createTestApp(changes: Partial<Endpoint> = {}, options: Partial<AppOptions> = {}) {
  const engine = createTestEngine();
  const names = ['echo', 'other'];
  const keys = createKeyStore(engine.db, engine);
  const endpoints = createTestDirectory(...names.map((name) => newTestEndpoint({ name, ...changes })));
  const batches = createTestBatches(engine, endpoints);
  const workerKeys = createWorkerKeys(engine.ids);
  const uploadTokens = createUploadTokens(engine.db, engine);
  const noted: string[] = [];
  const parts: RouteParts = {
    endpoints,
    batches,
    signatures: changes.signing && createTestSignatures(engine, endpoints),
    ...{ queue: engine.queue, dispatcher: engine.dispatcher, waiters: engine.waiters },
    ...{ stops: engine.stops, strays: engine.strays, forgetSoon: engine.forgetSoon },
    fleet: createTestFleet(noted),
    keys,
    deliveries: createSqliteDeliveryStore(engine.db),
    pokeWebhooks: () => {},
    ...{ ...newTestParts(), uploadTokens },
    clock: engine.clock,
    leaseMs: 40_000,
    workerHoldMs: 25_000,
    loadBalancer: {} as RouteParts['loadBalancer'],
    isStopping: () => false,
    waitReason: async (job) =>
      job.status === 'IN_QUEUE' ? { code: 'WORKER_STARTING', message: 'a worker is starting' } : undefined,
  };
  const authenticate = createAuthenticator({ adminKey: ADMIN, keys, workerKeys, uploadTokens });
  const { app, answers, connections } = serveChecked({ parts, authenticate, log: pino(SILENT), ...options });

  return {
    ...engine,
    app,
    ...{ keys, workerKeys, batches },
    ...callsOf(app),
    /** What the fleet was told of workers. */
    noted,
    /** The client of the newest call of this address leaves without waiting for its end. */
    hangUp: (url: string) => connections.get(url)?.destroy(),
    /** Ends everything; answers how many waits were left open, which must be none. */
    async stop(): Promise<number> {
      await batches.stop();
      const open = await engine.stop();
      await app.close();
      if (answers.problems.length > 0) throw new Error(answers.problems.join('\n'));
      return open;
    },
  };
}

/** What clients and workers of `echo` send, with the admin's key. */
function callsOf(app: { inject(options: InjectOptions): Promise<Response> }) {
  const call = (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
    more: InjectOptions = {},
  ): Promise<Response> =>
    app.inject({
      method,
      url,
      headers: { authorization: ADMIN, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...more,
    });
  const report = (path: string, body: unknown) =>
    call('POST', `/v2/echo/${path}?gpu=cpu&isStream=false`, body, { headers: REPORT_HEADERS });
  return {
    call,
    /** Submits a job to `echo`, and answers its id. */
    run: async (body: unknown = { input: {} }) =>
      (await call('POST', '/v2/echo/run', body)).json<{ id: string }>().id,
    /** How a job of `echo` stands. */
    statusOf: async (id: string) =>
      (await call('GET', `/v2/echo/status/${id}`)).json<Record<string, unknown>>(),
    /** A worker's job-take, with its answer as text. */
    take: async (worker = 'w1') => (await call('GET', `/v2/echo/job-take/${worker}?job_in_progress=0`)).body,
    chunk: (id: string, output: string, worker = 'w1') =>
      report(`job-stream/${worker}/${id}`, `{"output":${output}}`),
    done: (id: string, body: unknown, worker = 'w1') => report(`job-done/${worker}/${id}`, body),
  };
}

/** Every answer is compared with its description; the newest connection of each address is kept. */
function serveChecked(options: AppOptions) {
  const answers = checkAnswers(ROUTES);
  const connections = new Map<string, ServerResponse>();
  const app = withInject(createApp(options), {
    onRequest: ({ url = '' }, response) => void connections.set(url, response),
    onAnswer: answers.note,
  });
  return { app, answers, connections };
}

/** Wall time is the engine's. What a gateway wires is in a test that starts one. */
function createTestSignatures(
  { queue, db, clock, ids }: ReturnType<typeof createTestEngine>,
  endpoints: EndpointDirectory,
): JobSignatures {
  return new JobSignatures({
    ...{ queue, endpoints, store: createSqliteSignatureStore(db) },
    wallTime: clock.now,
    newNonce: () => ids.secret(16),
    onRefused: () => {},
  });
}

function createTestBatches(
  engine: ReturnType<typeof createTestEngine>,
  endpoints: EndpointDirectory,
): Batches {
  return createBatches({
    ...engine,
    store: createSqliteBatchStore(engine.db),
    toSubmission: ({ endpoint: name, batchId, body, keyId }) => {
      const endpoint = endpoints.get(name);
      return endpoint && batchSubmission(endpoint, batchId, body, keyId);
    },
    onError: (error) => {
      throw error;
    },
  });
}
