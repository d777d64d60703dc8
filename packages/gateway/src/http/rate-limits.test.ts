import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

it('a key that asks too often is told so, when to come back, and is let in then', async () => {
  const as = test.key();
  const purge = () => test.call('POST', '/v2/echo/purge-queue', undefined, { as });
  const first = await purge();
  expect(first.statusCode).toBe(200);
  expect(first.headers).toMatchObject({
    'ratelimit-policy': '"purge";q=2;w=10',
    ratelimit: '"purge";r=1;t=5',
  });
  await purge();
  const refused = await purge();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers).toMatchObject({ 'retry-after': '5', ratelimit: '"purge";r=0;t=10' });
  expect(refused.json()).toMatchObject({ code: 'RATE_LIMITED', title: 'Too Many Requests' });
  expect(refused.json<{ detail: string }>().detail).toMatch(/2 of kind purge in 10 s; try again in 5000 ms/);
  await test.clock.advance(4_999);
  expect((await purge()).statusCode).toBe(429);
  await test.clock.advance(1);
  expect((await purge()).statusCode).toBe(200);
});

it('one key’s limit is not another’s, nor one operation’s another’s', async () => {
  const [greedy, other] = [test.key(), test.key()];
  const ask = (as: string) => test.call('GET', '/v2/echo/requests', undefined, { as });
  for (let i = 0; i < 10; i += 1) expect((await ask(greedy)).statusCode).toBe(200);
  expect((await ask(greedy)).statusCode).toBe(429);
  expect((await ask(other)).statusCode).toBe(200);
  const health = await test.call('GET', '/v2/echo/health', undefined, { as: greedy });
  expect(health.statusCode).toBe(200);
});

it('admins, workers and routes without a key are not limited', async () => {
  const worker = test.key({ scope: 'worker' });
  const health = await test.call('GET', '/v2/echo/health', undefined, { as: worker });
  expect(health.headers.ratelimit).toBeUndefined();
  expect((await test.app.inject('/livez')).headers.ratelimit).toBeUndefined();
  for (let i = 0; i < 12; i += 1) {
    const reply = await test.call('GET', '/v2/echo/requests');
    expect([reply.statusCode, reply.headers.ratelimit]).toEqual([200, undefined]);
  }
});

it('a refused call does nothing', async () => {
  const as = test.key();
  const id = await test.submit();
  const cancel = (job: string) => test.call('POST', `/v1/jobs/${job}/cancel`, undefined, { as });
  for (let i = 0; i < 100; i += 1) expect((await cancel('nope')).statusCode).toBe(404);
  expect((await cancel(id)).statusCode).toBe(429);
  expect(await test.show(id)).toMatchObject({ status: 'IN_QUEUE' });
});

it('an upload token may ask for a tenth of what a key may', async () => {
  const { uploadTokens } = test.parts;
  const wanted = { issuer: 'admin', endpoint: 'echo', maxBytes: 1, maxArtifacts: 1, maxJobs: 1 };
  const { secret: as } = await uploadTokens.create({ ...wanted, expiresAt: test.clock.now() + 3_600_000 });
  const cancel = () => test.call('POST', '/v2/echo/cancel/nope', {}, { as });
  for (let i = 0; i < 10; i += 1) expect((await cancel()).statusCode).toBe(404);
  expect((await cancel()).statusCode).toBe(429);
});
