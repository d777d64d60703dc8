import type { InjectOptions } from 'light-my-request';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createKeyStore } from '../keys/key-store.ts';
import { createUploadTokens } from '../keys/upload-tokens.ts';
import { createWorkerKeys } from '../keys/worker-keys.ts';
import { createSqliteDeliveryStore } from '../results/sqlite/sqlite-delivery-store.ts';
import { createApp } from './app.ts';
import { createAuthenticator } from './auth.ts';
import type { RouteParts } from './route.ts';
import { type InjectedApp, withInject } from './test-inject.ts';
import { newTestParts } from './test-parts.ts';

const ADMIN = 'spk_admin-key-of-the-tests';
const HOLD_MS = 25_000;

describe('the HTTP face', () => {
  let engine: ReturnType<typeof createTestEngine>;
  let app: InjectedApp;
  let keys: ReturnType<typeof createKeyStore>;
  let workerKeys: ReturnType<typeof createWorkerKeys>;
  const noted: string[] = [];

  beforeEach(() => {
    engine = createTestEngine();
    keys = createKeyStore(engine.db, engine);
    workerKeys = createWorkerKeys(engine.ids);
    const fleet = {
      counts: () => ({ idle: 0, initializing: 0, ready: 0, running: 0, throttled: 0, unhealthy: 0 }),
      noteTake: () => {},
      pool: { admit: () => undefined, hold: () => () => {}, freeHands: () => {}, goodbye: () => {} },
      noteUnhealthy: (workerId: string, reason: string) => noted.push(`unhealthy ${workerId} ${reason}`),
      refreshWorker: (workerId: string) => noted.push(`refresh ${workerId}`),
    } as unknown as RouteParts['fleet'];
    const uploadTokens = createUploadTokens(engine.db, engine);
    const parts: RouteParts = {
      endpoints: createTestDirectory(newTestEndpoint({ name: 'echo' }), newTestEndpoint({ name: 'other' })),
      queue: engine.queue,
      dispatcher: engine.dispatcher,
      waiters: engine.waiters,
      stops: engine.stops,
      strays: engine.strays,
      forgetSoon: engine.forgetSoon,
      fleet,
      keys,
      deliveries: createSqliteDeliveryStore(engine.db),
      batches: {} as RouteParts['batches'],
      pokeWebhooks: () => {},
      ...newTestParts(),
      uploadTokens,
      clock: engine.clock,
      leaseMs: 40_000,
      workerHoldMs: HOLD_MS,
      loadBalancer: {} as RouteParts['loadBalancer'],
      isStopping: () => false,
      waitReason: async (job) =>
        job.status === 'IN_QUEUE' ? { code: 'WORKER_STARTING', message: 'starting' } : undefined,
    };
    const authenticate = createAuthenticator({ adminKey: ADMIN, keys, workerKeys, uploadTokens });
    app = withInject(createApp({ parts, authenticate, log: pino({ level: 'silent' }) }));
    noted.length = 0;
  });

  afterEach(async () => {
    expect(await engine.stop()).toBe(0);
    await app.close();
  });

  const call = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
    more: InjectOptions = {},
  ) => {
    const payload =
      body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    return await app.inject({
      method,
      url,
      headers: { authorization: ADMIN, 'content-type': 'application/json' },
      ...payload,
      ...more,
    });
  };
  const submit = async (body: unknown = { input: {} }) =>
    (await call('POST', '/v2/echo/run', body)).json<{ id: string }>().id;
  const status = async (id: string) =>
    (await call('GET', `/v2/echo/status/${id}`)).json<Record<string, unknown>>();
  const done = (id: string, body: unknown, worker = 'w1') =>
    call('POST', `/v2/echo/job-done/${worker}/${id}?gpu=cpu&isStream=false`, body, {
      headers: {
        authorization: ADMIN,
        'content-type': 'application/x-www-form-urlencoded',
        charset: 'utf-8',
      },
    });

  it('runs a job through both sides, digits and key order as they should be', async () => {
    const id = await submit('{"input":{"n":1.0,"big":12345678901234567890},"s3Config":{"a":1},"odd":true}');
    const taken = await call('GET', '/v2/echo/job-take/w1?gpu=cpu&job_in_progress=0');
    expect(taken.body).toBe(
      `{"id":"${id}","input":{"n":1.0,"big":12345678901234567890},"_spillway":{"attempt":1},"s3Config":{"a":1},"odd":true}`,
    );
    await done(id, '{"status":"IN_PROGRESS","output":"half"}');
    expect(await status(id)).toMatchObject({ status: 'IN_PROGRESS', output: 'half', workerId: 'w1' });
    await engine.clock.advance(120);
    expect((await done(id, '{"output":{"n":2.50}}')).statusCode).toBe(200);
    const reply = await call('GET', `/v2/echo/status/${id}`);
    expect(reply.body).toBe(
      `{"delayTime":0,"executionTime":120,"id":"${id}","output":{"n":2.50},"status":"COMPLETED","workerId":"w1"}`,
    );
  });

  it('accepts raw and Bearer keys, and refuses others with RunPod’s words', async () => {
    const ask = (authorization?: string) =>
      app.inject({ url: '/v2/echo/health', headers: authorization === undefined ? {} : { authorization } });
    expect((await ask(ADMIN)).statusCode).toBe(200);
    expect((await ask(`Bearer ${ADMIN}`)).statusCode).toBe(200);
    const none = await ask();
    expect(none.statusCode).toBe(401);
    expect(none.json()).toMatchObject({ status: 401, title: 'Unauthorized', detail: 'no token provided' });
    expect((await ask('Bearer wrong')).json()).toMatchObject({ status: 401, detail: 'invalid api key' });
  });

  it('keeps a client key to its endpoints and operations', async () => {
    const { secret } = keys.create({ name: 'shop', scope: 'client', endpoints: ['echo'] });
    const as = { headers: { authorization: secret } };
    expect((await call('POST', '/v2/echo/run', { input: {} }, as)).statusCode).toBe(200);
    expect((await call('POST', '/v2/other/run', { input: {} }, as)).json()).toMatchObject({
      detail: 'endpoint not found',
    });
    expect((await call('GET', '/v1/keys', undefined, as)).statusCode).toBe(403);
    const take = call('GET', '/v2/echo/job-take/w1', undefined, as);
    await engine.clock.advance(1_000);
    expect((await take).statusCode).toBe(403);
  });

  it('lets a worker of ours speak for itself only', async () => {
    const secret = workerKeys.issue({ workerId: 'w1', endpoint: 'echo' });
    const as = { headers: { authorization: secret } };
    expect((await call('GET', '/v2/echo/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(200);
    expect((await call('GET', '/v2/echo/ping/w2?gpu=cpu', undefined, as)).statusCode).toBe(403);
    expect((await call('GET', '/v2/other/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(404);
    expect((await call('POST', '/v2/echo/run', { input: {} }, as)).statusCode).toBe(403);
    workerKeys.revoke('w1');
    expect((await call('GET', '/v2/echo/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(401);
  });

  it.each([
    ['nothing', '', /got nothing/],
    ['no JSON', '{"input":', /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['no input', '{}', /input: missing/],
    ['a list as input', '{"input":[1]}', /input: expected a JSON object/],
    [
      'a short timeout',
      '{"input":{},"policy":{"executionTimeout":1}}',
      /policy\.executionTimeout: expected 5000 to/,
    ],
    ['a webhook that is no URL', '{"input":{},"webhook":"nowhere"}', /webhook: /],
  ])('refuses %s as a submit, says why, and keeps nothing', async (_name, body, words) => {
    const reply = await call('POST', '/v2/echo/run', body);
    expect(reply.statusCode).toBe(400);
    expect(reply.json<{ detail: string }>().detail).toMatch(words);
    expect((await call('GET', '/v1/jobs')).json()).toEqual({ jobs: [] });
  });

  it('names all wrong fields of a submit at once', async () => {
    const reply = await call('POST', '/v2/echo/run', { webhook: 'x', policy: { ttl: 5 } });
    const { detail } = reply.json<{ detail: string }>();
    for (const field of ['input', 'webhook', 'policy.ttl']) expect(detail).toContain(`${field}: `);
  });

  it('refuses a body over 10 MiB on /run in RunPod’s words, and takes it on /runsync', async () => {
    const body = JSON.stringify({ input: { text: 'x'.repeat(10 * 1024 * 1024) } });
    const refused = await call('POST', '/v2/echo/run', body);
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toMatchObject({ detail: 'bad request: body: exceeded max body size of 10MiB' });
    const held = call('POST', '/v2/echo/runsync?wait=1000', body);
    const taken = await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    expect(taken.body.length).toBeGreaterThan(10 * 1024 * 1024);
    await done(taken.json<{ id: string }>().id, '{"output":1}');
    expect((await held).json()).toMatchObject({ status: 'COMPLETED', output: 1 });
  });

  it('answers 404 for unknown endpoints, jobs, other endpoints’ jobs and routes', async () => {
    const id = await submit();
    expect((await call('POST', '/v2/nope/run', { input: {} })).json()).toMatchObject({
      status: 404,
      detail: 'endpoint not found',
    });
    expect((await call('GET', '/v2/echo/status/nope')).json()).toMatchObject({
      status: 404,
      detail: 'job not found',
    });
    expect((await call('GET', `/v2/other/status/${id}`)).statusCode).toBe(404);
    expect((await call('GET', '/v3/x')).json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });

  it('holds runsync until the job ends, or answers what there is when the wait is over', async () => {
    const held = call('POST', '/v2/echo/runsync?wait=2000', { input: {} });
    const taken = await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const { id } = taken.json<{ id: string }>();
    expect(id).toMatch(/^sync-/);
    await engine.clock.advance(2_000);
    expect((await held).json()).toMatchObject({ id, status: 'IN_PROGRESS' });
    const later = call('GET', `/v2/echo/status-sync/${id}?wait=90000`);
    await done(id, '{"output":"ok"}');
    expect((await later).json()).toMatchObject({ id, status: 'COMPLETED', output: 'ok' });
  });

  it('says why a job waits', async () => {
    expect(await status(await submit())).toMatchObject({
      status: 'IN_QUEUE',
      waitReason: { code: 'WORKER_STARTING' },
    });
  });

  it('answers POST with an empty JSON body where official clients send it', async () => {
    const id = await submit();
    // The stream last: of an ended job it answers at once.
    for (const route of ['status', 'cancel', 'status-sync', 'stream']) {
      expect((await call('POST', `/v2/echo/${route}/${id}`, '')).statusCode).toBe(200);
    }
  });

  it('cancels a queued job for good, and tells the worker of a running one', async () => {
    const queued = await submit();
    expect((await call('POST', `/v2/echo/cancel/${queued}`)).json()).toEqual({
      id: queued,
      status: 'CANCELLED',
    });
    const running = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const stop = call('GET', '/v2/echo/job-stop/w1?gpu=cpu');
    expect((await call('POST', `/v2/echo/cancel/${running}`)).json()).toMatchObject({
      status: 'CANCELLED',
      workerId: 'w1',
    });
    expect((await stop).json()).toEqual({ jobsToStop: [running] });
    expect((await done(running, '{"output":"too late"}')).statusCode).toBe(200);
    expect(await status(running)).toMatchObject({ status: 'CANCELLED' });
    expect(await status(running)).not.toHaveProperty('output');
  });

  it('retries a failed job under its id, and no other kind', async () => {
    const id = await submit();
    expect((await call('POST', `/v2/echo/retry/${id}`)).json()).toMatchObject({
      status: 409,
      code: 'JOB_NOT_RETRYABLE',
    });
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await done(id, '{"error":"boom","output":1}');
    expect((await call('POST', `/v2/echo/retry/${id}`)).json()).toEqual({ id, status: 'IN_QUEUE' });
    expect((await call('GET', '/v2/echo/job-take/w2?job_in_progress=0')).json()).toMatchObject({ id });
    await done(id, '{"output":2}', 'w2');
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 2, retries: 1 });
  });

  it('purges what waits and leaves what runs', async () => {
    const running = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const waiting = [await submit(), await submit()];
    expect((await call('POST', '/v2/echo/purge-queue', '')).json()).toEqual({
      removed: 2,
      status: 'completed',
    });
    expect(await status(waiting[0] ?? '')).toMatchObject({ status: 'CANCELLED' });
    expect(await status(running)).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it('streams chunks in order, drains them for RunPod’s clients and keeps them for an offset', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const waiting = call('GET', `/v2/echo/stream/${id}`);
    await call('POST', `/v2/echo/job-stream/w1/${id}?gpu=cpu&isStream=false`, '{"output":1.0}');
    expect((await waiting).body).toBe('{"status":"IN_PROGRESS","stream":[{"output":1.0}]}');
    await call('POST', `/v2/echo/job-stream/w1/${id}?gpu=cpu&isStream=false`, '{"output":"b"}');
    await done(id, '{"output":[]}');
    expect((await call('GET', `/v2/echo/stream/${id}`)).json()).toEqual({
      status: 'COMPLETED',
      stream: [{ output: 'b' }],
    });
    expect((await call('GET', `/v2/echo/stream/${id}`)).json()).toEqual({ status: 'COMPLETED', stream: [] });
    expect(
      (await call('GET', `/v2/echo/stream/${id}?offset=0`)).json<{ stream: unknown[] }>().stream,
    ).toHaveLength(2);
    expect((await call('GET', `/v2/echo/stream/${id}?offset=x`)).statusCode).toBe(400);
  });

  it('fails a job whose report has the key error, whatever its type, and keeps the output beside it', async () => {
    const cases = [
      ['{"error":"boom","output":{"error_code":7}}', 'boom'],
      ['{"error":{"why":"odd"}}', '{"why":"odd"}'],
      ['{"error":null}', 'null'],
    ] as const;
    for (const [body, error] of cases) {
      const id = await submit();
      await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
      await done(id, body);
      expect(await status(id)).toMatchObject({ status: 'FAILED', error });
    }
  });

  it('fails a job whose result is too large, and says what to do', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const reply = await done(id, JSON.stringify({ output: 'x'.repeat(128 * 1024 * 1024) }));
    expect(reply.statusCode).toBe(200);
    expect(await status(id)).toMatchObject({ status: 'FAILED' });
    expect((await status(id)).error).toMatch(/larger than 100 MB.*as an artifact/);
  });

  it('answers 200 to reports that are late, repeated or unknown, and lets none of them change a result', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await done(id, '{"output":"first"}');
    for (const body of [
      '{"output":"second"}',
      '{"status":"IN_PROGRESS","output":"late"}',
      '{"error":"late"}',
    ]) {
      expect((await done(id, body)).statusCode).toBe(200);
    }
    expect((await done('unknown', '{"output":1}')).statusCode).toBe(200);
    expect((await done(id, '{"output":"stranger"}', 'w2')).statusCode).toBe(200);
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'first' });
  });

  it('gives a batch as a list, and 204 to a worker for whom nothing came', async () => {
    await submit();
    await submit();
    const batch = await call('GET', '/v2/echo/job-take-batch/w1?gpu=cpu&batch_size=5&job_in_progress=0');
    expect(batch.json<unknown[]>()).toHaveLength(2);
    const none = call('GET', '/v2/echo/job-take/w2?gpu=cpu&job_in_progress=0');
    await engine.clock.advance(HOLD_MS);
    expect((await none).statusCode).toBe(204);
    const stop = call('GET', '/v2/echo/job-stop/w2?gpu=cpu');
    await engine.clock.advance(HOLD_MS);
    expect((await stop).statusCode).toBe(204);
  });

  it('a job that three heartbeats leave out goes to another worker', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await call('GET', `/v2/echo/ping/w1?gpu=cpu&job_id=${id}&runpod_version=1.12.0`);
    for (let i = 0; i < 3; i += 1) await call('GET', '/v2/echo/ping/w1?gpu=cpu&runpod_version=1.12.0');
    expect((await call('GET', '/v2/echo/job-take/w2?job_in_progress=0')).json()).toMatchObject({ id });
  });

  it('a worker’s farewell hands back what never reached it, and no attempt counts', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await call('GET', '/v2/echo/ping/w1?gpu=cpu&stopping=1');
    expect(await engine.queue.get(id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
  });

  it('keeps what kind of failure our own workers report', async () => {
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await done(id, { error: 'no image', failure: { type: 'INPUT_INVALID', isRetryable: false } });
    const { attempts } = (await call('GET', `/v1/jobs/${id}`)).json<{ attempts: { failure: object }[] }>();
    expect(attempts[0]?.failure).toEqual({ type: 'INPUT_INVALID', message: 'no image' });
  });

  it('passes a fitness failure and a refresh on to the fleet', async () => {
    await call('GET', '/v2/echo/ping/w1?gpu=cpu&status=unhealthy&check=memory&reason=too+little');
    const id = await submit();
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await done(id, '{"output":1,"stopPod":true}');
    expect(noted).toEqual(['unhealthy w1 memory: too little', 'refresh w1']);
  });

  it('lists jobs and shows one with its attempts', async () => {
    const id = await submit('{"input":{"n":1.0}}');
    await call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await done(id, '{"output":2.0}');
    const list = (await call('GET', '/v1/jobs?endpoint=echo&status=COMPLETED')).json<{
      jobs: { id: string }[];
    }>();
    expect(list.jobs.map((job) => job.id)).toEqual([id]);
    const shown = await call('GET', `/v1/jobs/${id}`);
    expect(shown.body).toContain('"input":{"n":1.0},"output":2.0');
    expect(shown.json()).toMatchObject({ attempts: [{ number: 1, workerId: 'w1', outcome: 'completed' }] });
    expect((await call('GET', '/v1/jobs?status=RUNNING')).statusCode).toBe(400);
    expect((await call('GET', '/v1/jobs?limit=0')).statusCode).toBe(400);
  });

  it('makes, lists and revokes keys, and shows a secret once', async () => {
    const made = (await call('POST', '/v1/keys', { name: 'ci', scope: 'client' })).json<{
      id: string;
      key: string;
    }>();
    const as = { headers: { authorization: made.key } };
    expect((await call('GET', '/v2/echo/health', undefined, as)).statusCode).toBe(200);
    expect((await call('GET', '/v1/keys')).body).not.toContain(made.key);
    expect((await call('DELETE', `/v1/keys/${made.id}`)).statusCode).toBe(204);
    expect((await call('GET', '/v2/echo/health', undefined, as)).statusCode).toBe(401);
    const bad = await call('POST', '/v1/keys', { scope: 'root', endpoints: ['nope'] });
    expect(bad.json<{ detail: string }>().detail).toMatch(/name: .*scope: /);
  });

  it('needs no key to tell that it lives', async () => {
    expect((await app.inject('/livez')).json()).toEqual({ status: 'ok' });
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });
});
