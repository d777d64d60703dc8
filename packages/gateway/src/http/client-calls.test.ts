import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

describe('what clients ask of a gateway', () => {
  let test: TestApp;
  beforeEach(() => {
    test = createTestApp();
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  it('refuses a body over 10 MiB on /run in RunPod’s words, and takes it on /runsync', async () => {
    const body = JSON.stringify({ input: { text: 'x'.repeat(10 * 1024 * 1024) } });
    const refused = await test.call('POST', '/v2/echo/run', body);
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toMatchObject({ detail: 'bad request: body: exceeded max body size of 10MiB' });
    const held = test.call('POST', '/v2/echo/runsync?wait=1000', body);
    const taken = await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    expect(taken.body.length).toBeGreaterThan(10 * 1024 * 1024);
    await test.done(taken.json<{ id: string }>().id, '{"output":1}');
    expect((await held).json()).toMatchObject({ status: 'COMPLETED', output: 1 });
  });

  it('holds runsync until the job ends, or answers what there is when the wait is over', async () => {
    const held = test.call('POST', '/v2/echo/runsync?wait=2000', { input: {} });
    const taken = await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const { id } = taken.json<{ id: string }>();
    expect(id).toMatch(/^sync-/);
    await test.clock.advance(2_000);
    expect((await held).json()).toMatchObject({ id, status: 'IN_PROGRESS' });
    const later = test.call('GET', `/v2/echo/status-sync/${id}?wait=90000`);
    await test.done(id, '{"output":"ok"}');
    expect((await later).json()).toMatchObject({ id, status: 'COMPLETED', output: 'ok' });
  });

  it('says why a job waits', async () => {
    expect(await test.statusOf(await test.run())).toMatchObject({
      status: 'IN_QUEUE',
      waitReason: { code: 'WORKER_STARTING' },
    });
  });

  it('answers POST with an empty JSON body where official clients send it', async () => {
    const id = await test.run();
    // The stream last: of an ended job it answers at once.
    for (const route of ['status', 'cancel', 'status-sync', 'stream']) {
      expect((await test.call('POST', `/v2/echo/${route}/${id}`, '')).statusCode).toBe(200);
    }
  });

  it('cancels a queued job for good, and tells the worker of a running one', async () => {
    const queued = await test.run();
    expect((await test.call('POST', `/v2/echo/cancel/${queued}`)).json()).toEqual({
      id: queued,
      status: 'CANCELLED',
    });
    const running = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const stop = test.call('GET', '/v2/echo/job-stop/w1?gpu=cpu');
    expect((await test.call('POST', `/v2/echo/cancel/${running}`)).json()).toMatchObject({
      status: 'CANCELLED',
      workerId: 'w1',
    });
    expect((await stop).json()).toEqual({ jobsToStop: [running] });
    expect((await test.done(running, '{"output":"too late"}')).statusCode).toBe(200);
    expect(await test.statusOf(running)).toMatchObject({ status: 'CANCELLED' });
    expect(await test.statusOf(running)).not.toHaveProperty('output');
  });

  it('retries a failed job under its id, and no other kind', async () => {
    const id = await test.run();
    expect((await test.call('POST', `/v2/echo/retry/${id}`)).json()).toMatchObject({
      status: 409,
      code: 'JOB_NOT_RETRYABLE',
    });
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.done(id, '{"error":"boom","output":1}');
    expect((await test.call('POST', `/v2/echo/retry/${id}`)).json()).toEqual({ id, status: 'IN_QUEUE' });
    expect((await test.call('GET', '/v2/echo/job-take/w2?job_in_progress=0')).json()).toMatchObject({ id });
    await test.done(id, '{"output":2}', 'w2');
    expect(await test.statusOf(id)).toMatchObject({ status: 'COMPLETED', output: 2, retries: 1 });
  });

  it('purges what waits and leaves what runs', async () => {
    const running = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const waiting = [await test.run(), await test.run()];
    expect((await test.call('POST', '/v2/echo/purge-queue', '')).json()).toEqual({
      removed: 2,
      status: 'completed',
    });
    expect(await test.statusOf(waiting[0] ?? '')).toMatchObject({ status: 'CANCELLED' });
    expect(await test.statusOf(running)).toMatchObject({ status: 'IN_PROGRESS' });
  });

  it('streams chunks in order, drains them for RunPod’s clients and keeps them for an offset', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const waiting = test.call('GET', `/v2/echo/stream/${id}`);
    await test.call('POST', `/v2/echo/job-stream/w1/${id}?gpu=cpu&isStream=false`, '{"output":1.0}');
    expect((await waiting).body).toBe('{"status":"IN_PROGRESS","stream":[{"output":1.0}]}');
    await test.call('POST', `/v2/echo/job-stream/w1/${id}?gpu=cpu&isStream=false`, '{"output":"b"}');
    await test.done(id, '{"output":[]}');
    expect((await test.call('GET', `/v2/echo/stream/${id}`)).json()).toEqual({
      status: 'COMPLETED',
      stream: [{ output: 'b' }],
    });
    expect((await test.call('GET', `/v2/echo/stream/${id}`)).json()).toEqual({
      status: 'COMPLETED',
      stream: [],
    });
    expect(
      (await test.call('GET', `/v2/echo/stream/${id}?offset=0`)).json<{ stream: unknown[] }>().stream,
    ).toHaveLength(2);
    expect((await test.call('GET', `/v2/echo/stream/${id}?offset=x`)).statusCode).toBe(400);
  });
});
