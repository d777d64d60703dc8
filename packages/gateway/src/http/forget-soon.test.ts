import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from './test-app.ts';

const RETENTION_MS = 1_800_000;

describe('a result that is asked for with a ttl', () => {
  let test: TestApp;
  beforeEach(async () => {
    test = createTestApp();
    await test.start(() => false);
  });
  afterEach(async () => expect(await test.stop()).toBe(0));

  const ended = async (body: object = {}) => {
    const { id } = (await test.call('POST', '/v2/echo/run', { input: {}, ...body })).json<{ id: string }>();
    await test.take('w1');
    await test.call('POST', `/v2/echo/job-done/w1/${id}?gpu=cpu`, { output: 'secret' });
    return id;
  };
  const ask = (id: string, query = '', more = {}) =>
    test.call('GET', `/v2/echo/status/${id}${query}`, undefined, more);

  it('is answered once more, and is gone when the time is over', async () => {
    const id = await ended();
    expect((await ask(id, '?ttl=6000')).json()).toMatchObject({ status: 'COMPLETED', output: 'secret' });
    await test.clock.advance(5_000);
    expect((await ask(id)).statusCode).toBe(200);
    await test.clock.advance(1_500);
    expect((await ask(id)).statusCode).toBe(404);
  });

  it('is kept no longer than all others', async () => {
    const id = await ended();
    await ask(id, `?ttl=${10 * RETENTION_MS}`);
    await test.clock.advance(RETENTION_MS + 20_000);
    expect((await ask(id)).statusCode).toBe(404);
  });

  it('stays until its webhook is out', async () => {
    const id = await ended({ webhook: 'https://shop.test/hook' });
    await ask(id, '?ttl=0');
    await test.clock.advance(1_000);
    expect((await ask(id)).statusCode).toBe(200);
  });

  it('stays where the job has not ended yet', async () => {
    const { id } = (await test.call('POST', '/v2/echo/run', { input: {} })).json<{ id: string }>();
    await ask(id, '?ttl=0');
    await test.clock.advance(1_000);
    expect((await ask(id)).json()).toMatchObject({ status: 'IN_QUEUE' });
  });

  it('can’t be taken away by who may only look, nor with a time that is none', async () => {
    const id = await ended();
    const { secret } = test.keys.create({ name: 'wall', scope: 'viewer' });
    const as = { headers: { authorization: secret } };
    expect((await ask(id, '', as)).statusCode).toBe(200);
    expect((await ask(id, '?ttl=0', as)).statusCode).toBe(403);
    for (const ttl of ['soon', '-1']) {
      const reply = await ask(id, `?ttl=${ttl}`);
      expect(reply.statusCode).toBe(400);
      expect(reply.json()).toMatchObject({ detail: `bad request: ttl: expected milliseconds, got "${ttl}"` });
    }
    await test.clock.advance(1_000);
    expect((await ask(id)).statusCode).toBe(200);
  });
});
