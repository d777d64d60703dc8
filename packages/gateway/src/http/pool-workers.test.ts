import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

describe('workers from elsewhere over HTTP', () => {
  let test: NativeTestApp;
  let key: string;
  beforeEach(() => {
    test = createNativeTestApp({ backends: ['pool'] });
    key = test.key({ scope: 'worker', endpoints: ['echo'] });
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  const as = (secret: string, path: string, userAgent = 'Spillway-SDK/0.1.0 (worker)') =>
    test.call('GET', `/v2/echo/${path}`, undefined, { as: secret, headers: { 'user-agent': userAgent } });
  const worker = async () => {
    const { workers } = (await test.call('GET', '/v1/workers')).json<{ workers: unknown[] }>();
    return workers[0];
  };

  it('take a job and end it, and are shown as long as they are there', async () => {
    const taking = as(key, 'job-take/far?job_in_progress=0');
    await test.clock.settle();
    expect(await worker()).toMatchObject({
      id: 'far',
      backend: 'pool',
      state: 'idle',
      software: 'Spillway-SDK/0.1.0',
      remoteAddress: '127.0.0.1',
    });
    const health = async () =>
      (await test.call('GET', '/v2/echo/health')).json<{ workers: unknown }>().workers;
    expect(await health()).toMatchObject({ idle: 1, ready: 1 });
    const id = await test.submit();
    expect((await taking).json()).toMatchObject({ id });
    expect(await worker()).toMatchObject({ state: 'running', jobs: 1 });
    await test.call('POST', `/v2/echo/job-done/far/${id}`, { output: 1 }, { as: key });
    expect(await test.show(id)).toMatchObject({ status: 'COMPLETED', workerId: 'far' });
    await test.clock.advance(40_000);
    expect(await worker()).toMatchObject({ state: 'stopped' });
    expect(await health()).toMatchObject({ idle: 0, ready: 0 });
  });

  it('on RunPod’s own software are known by their pings too', async () => {
    await as(key, 'ping/far?gpu=pool&runpod_version=1.12.0', 'python-requests/2.32');
    expect(await worker()).toMatchObject({ state: 'initializing', software: 'RunPod-Python-SDK/1.12.0' });
  });

  it('that are drained get no job, and their polls are answered', async () => {
    const taking = as(key, 'job-take/far?job_in_progress=0');
    await test.clock.settle();
    expect((await test.call('POST', '/v1/workers/far/drain')).statusCode).toBe(202);
    expect((await taking).statusCode).toBe(204);
    await test.submit();
    const again = as(key, 'job-take/far?job_in_progress=0');
    await test.clock.advance(1_000);
    expect((await again).statusCode).toBe(204);
    expect(await worker()).toMatchObject({ state: 'stopping', stopReason: 'somebody drained it' });
  });

  it('are refused with another key, after a second, with a sentence', async () => {
    await as(key, 'ping/far?gpu=pool');
    const other = test.key({ scope: 'worker' });
    let isAnswered = false;
    const refused = as(other, 'job-take/far?job_in_progress=0').then((reply) => {
      isAnswered = true;
      return reply;
    });
    await test.clock.advance(999);
    expect(isAnswered).toBe(false);
    await test.clock.advance(1);
    expect((await refused).statusCode).toBe(403);
    expect((await refused).json()).toMatchObject({ detail: expect.stringContaining('RUNPOD_POD_ID') });
    const elsewhere = await test.call('GET', '/v2/other/ping/far?gpu=pool', undefined, { as: key });
    expect(elsewhere.statusCode).toBe(404);
  });

  it('have no log here, and that is said', async () => {
    await as(key, 'ping/far?gpu=pool');
    const log = await test.call('GET', '/v1/workers/far/logs');
    expect(log.statusCode).toBe(404);
    expect(log.json()).toMatchObject({
      detail: 'the worker far was not started here; its log is where it runs',
    });
  });

  it('get an environment with a key of their own, by which they connect', async () => {
    const path = '/v1/endpoints/echo/pool-workers';
    const made = await test.call('POST', path, { name: 'office pc', origin: 'https://gpu.example.com/v2' });
    const { workerId, keyId, env, origin } = made.json<{
      workerId: string;
      keyId: string;
      origin: string;
      env: Record<string, string>;
    }>();
    expect(origin).toBe('https://gpu.example.com');
    expect(workerId).toMatch(/^pool-/);
    expect(env).toMatchObject({
      RUNPOD_WEBHOOK_GET_JOB: 'https://gpu.example.com/v2/echo/job-take/$ID?gpu=pool',
      RUNPOD_WEBHOOK_PING: 'https://gpu.example.com/v2/echo/ping/$RUNPOD_POD_ID?gpu=pool',
      RUNPOD_PING_INTERVAL: '10000',
      RUNPOD_POD_ID: workerId,
      RUNPOD_ENDPOINT_ID: 'echo',
    });
    const { keys } = (await test.call('GET', '/v1/keys')).json<{ keys: object[] }>();
    expect(keys).toContainEqual(
      expect.objectContaining({ id: keyId, name: 'office pc', scope: 'worker', endpoints: ['echo'] }),
    );
    expect((await as(env.RUNPOD_AI_API_KEY ?? '', `ping/${workerId}?gpu=pool`)).statusCode).toBe(200);
    expect((await test.call('POST', path)).json()).toMatchObject({ origin: 'http://127.0.0.1:1' });
    expect((await test.call('POST', path, undefined, { as: key })).statusCode).toBe(403);
  });
});

it('an endpoint without `pool` makes no environment and says which setting is missing', async () => {
  const test = createNativeTestApp();
  const reply = await test.call('POST', '/v1/endpoints/echo/pool-workers');
  expect(reply.statusCode).toBe(400);
  expect(reply.json()).toMatchObject({ detail: expect.stringContaining('endpoints.echo.backends') });
  await test.stop();
});
