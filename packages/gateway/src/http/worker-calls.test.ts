import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

const HOLD_MS = 25_000;

describe('what workers ask of a gateway', () => {
  let test: TestApp;
  beforeEach(() => {
    test = createTestApp();
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  it('lets a worker of ours speak for itself only', async () => {
    const secret = test.workerKeys.issue({ workerId: 'w1', endpoint: 'echo' });
    const as = { headers: { authorization: secret } };
    expect((await test.call('GET', '/v2/echo/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(200);
    expect((await test.call('GET', '/v2/echo/ping/w2?gpu=cpu', undefined, as)).statusCode).toBe(403);
    expect((await test.call('GET', '/v2/other/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(404);
    expect((await test.call('POST', '/v2/echo/run', { input: {} }, as)).statusCode).toBe(403);
    test.workerKeys.revoke('w1');
    expect((await test.call('GET', '/v2/echo/ping/w1?gpu=cpu', undefined, as)).statusCode).toBe(401);
  });

  it('fails a job whose report has the key error, whatever its type, and keeps the output beside it', async () => {
    const cases = [
      ['{"error":"boom","output":{"error_code":7}}', 'boom'],
      ['{"error":{"why":"odd"}}', '{"why":"odd"}'],
      ['{"error":null}', 'null'],
    ] as const;
    for (const [body, error] of cases) {
      const id = await test.run();
      await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
      await test.done(id, body);
      expect(await test.statusOf(id)).toMatchObject({ status: 'FAILED', error });
    }
  });

  it('fails a job whose result is too large, and says what to do', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    const reply = await test.done(id, JSON.stringify({ output: 'x'.repeat(128 * 1024 * 1024) }));
    expect(reply.statusCode).toBe(200);
    expect(await test.statusOf(id)).toMatchObject({ status: 'FAILED' });
    expect((await test.statusOf(id)).error).toMatch(/larger than 100 MB.*as an artifact/);
  });

  it('answers 200 to reports that are late, repeated or unknown, and lets none of them change a result', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.done(id, '{"output":"first"}');
    for (const body of [
      '{"output":"second"}',
      '{"status":"IN_PROGRESS","output":"late"}',
      '{"error":"late"}',
    ]) {
      expect((await test.done(id, body)).statusCode).toBe(200);
    }
    expect((await test.done('unknown', '{"output":1}')).statusCode).toBe(200);
    expect((await test.done(id, '{"output":"stranger"}', 'w2')).statusCode).toBe(200);
    expect(await test.statusOf(id)).toMatchObject({ status: 'COMPLETED', output: 'first' });
  });

  it('gives a batch as a list, and 204 to a worker for whom nothing came', async () => {
    await test.run();
    await test.run();
    const batch = await test.call('GET', '/v2/echo/job-take-batch/w1?gpu=cpu&batch_size=5&job_in_progress=0');
    expect(batch.json<unknown[]>()).toHaveLength(2);
    const none = test.call('GET', '/v2/echo/job-take/w2?gpu=cpu&job_in_progress=0');
    await test.clock.advance(HOLD_MS);
    expect((await none).statusCode).toBe(204);
    const stop = test.call('GET', '/v2/echo/job-stop/w2?gpu=cpu');
    await test.clock.advance(HOLD_MS);
    expect((await stop).statusCode).toBe(204);
  });

  it('a job that three heartbeats leave out goes to another worker', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.call('GET', `/v2/echo/ping/w1?gpu=cpu&job_id=${id}&runpod_version=1.12.0`);
    for (let i = 0; i < 3; i += 1) await test.call('GET', '/v2/echo/ping/w1?gpu=cpu&runpod_version=1.12.0');
    expect((await test.call('GET', '/v2/echo/job-take/w2?job_in_progress=0')).json()).toMatchObject({ id });
  });

  it('a worker’s farewell hands back what never reached it, and no attempt counts', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.call('GET', '/v2/echo/ping/w1?gpu=cpu&stopping=1');
    expect(await test.queue.get(id)).toMatchObject({ status: 'IN_QUEUE', lostCount: 0 });
  });

  it('keeps what kind of failure our own workers report', async () => {
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.done(id, { error: 'no image', failure: { type: 'INPUT_INVALID', isRetryable: false } });
    const { attempts } = (await test.call('GET', `/v1/jobs/${id}`)).json<{
      attempts: { failure: object }[];
    }>();
    expect(attempts[0]?.failure).toEqual({ type: 'INPUT_INVALID', message: 'no image' });
  });

  it('passes a fitness failure and a refresh on to the fleet', async () => {
    await test.call('GET', '/v2/echo/ping/w1?gpu=cpu&status=unhealthy&check=memory&reason=too+little');
    const id = await test.run();
    await test.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
    await test.done(id, '{"output":1,"stopPod":true}');
    expect(test.noted).toEqual(['unhealthy w1 memory: too little', 'refresh w1']);
  });
});
