import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

// What workers send and nobody can read, such as the NaN of Python's `json`: a 4xx would lose it without a word, and the
// job would be delivered again for nothing.

interface Shown {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
  readonly retries?: number;
}

describe('a worker’s report that can’t be read', () => {
  let test: TestApp;
  let id: string;
  beforeEach(async () => {
    test = createTestApp();
    await test.start(() => false);
    id = (await test.call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>().id;
    await test.take('w1');
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  const status = async () => (await test.call('GET', `/v2/echo/status/${id}`)).json<Shown>();
  const report = async (body: string, path = 'job-done') => {
    const reply = await test.call('POST', `/v2/echo/${path}/w1/${id}?gpu=cpu`, body);
    expect(reply.statusCode).toBe(200);
  };

  it.each([
    ['NaN', '{"output": {"loss": NaN, "step": 3}}', 'it holds NaN, which is no JSON'],
    ['an infinite number', '{"output": [1, -Infinity]}', 'it holds -Infinity, which is no JSON'],
    ['half of it', '{"output": "NaN", "a', 'it is no JSON object ('],
    ['a list', '[1]', 'it is no JSON object ('],
    ['nothing', '', 'it is empty'],
  ])('because of %s ends the job at once, with the reason', async (_what, body, reason) => {
    await report(body);
    const shown = await status();
    expect(shown).toMatchObject({ status: 'FAILED' });
    expect(shown.error).toContain(`the worker’s report could not be read: ${reason}`);
    expect(shown.retries).toBeUndefined();
  });

  it('ends the job also where it is one chunk of a stream, and keeps those before it', async () => {
    await report('{"output": 1}', 'job-stream');
    await report('{"output": NaN}', 'job-stream');
    await report('{"output": []}');
    expect(await status()).toMatchObject({ status: 'FAILED' });
    const stream = await test.call('GET', `/v2/echo/stream/${id}`);
    expect(stream.json()).toEqual({ status: 'FAILED', stream: [{ output: 1 }] });
  });

  it('changes nothing where it is only progress, for the result is still to come', async () => {
    await report('{"status": "IN_PROGRESS", "output": {"loss": NaN}}');
    expect(await status()).toMatchObject({ status: 'IN_PROGRESS' });
    await report('{"output": "fine"}');
    expect(await status()).toMatchObject({ status: 'COMPLETED', output: 'fine' });
  });

  it('is not one whose status or stopPod has another form than it should: the result counts', async () => {
    await report('{"output": 7, "status": 3, "stopPod": "yes"}');
    expect(await status()).toMatchObject({ status: 'COMPLETED', output: 7 });
  });
});
