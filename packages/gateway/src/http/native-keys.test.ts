import { createHash } from 'node:crypto';
import { keyCreatedSchema, keyListSchema } from '@spillway/protocol/v1';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

const HOUR_MS = 3_600_000;

let test: NativeTestApp;
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

const make = (body: object) => test.call('POST', '/v1/keys', { name: 'ci', scope: 'client', ...body });
const health = (as: string) => test.call('GET', '/v2/echo/health', undefined, { as });
const list = async () => keyListSchema.parse((await test.call('GET', '/v1/keys')).json()).keys;

it('a key that ends is good until then, and says so afterwards', async () => {
  const reply = await make({ expiresIn: '2h' });
  expect(reply.statusCode).toBe(201);
  const { key, expiresAt } = keyCreatedSchema.parse(reply.json());
  expect(expiresAt).toBe(test.clock.now() + 2 * HOUR_MS);
  await test.clock.advance(2 * HOUR_MS - 1);
  expect((await health(key)).statusCode).toBe(200);
  await test.clock.advance(1);
  const late = await health(key);
  expect(late.statusCode).toBe(401);
  expect(late.json()).toMatchObject({ detail: 'this api key has expired' });
});

it('a key is kept as its hash only, nowhere as it is', async () => {
  const { key } = (await make({})).json<{ key: string }>();
  const rows = test.db.prepare('SELECT * FROM keys').all();
  expect(rows).toMatchObject([{ name: 'ci', sha256: createHash('sha256').update(key).digest('hex') }]);
  expect(JSON.stringify(rows)).not.toContain(key.slice('spk_'.length));
});

it('a key is good for as long as was asked, to the millisecond, however slow the machine is', async () => {
  const { now } = test.clock;
  let looks = 0;
  test.clock.now = () => now() + looks++;
  const { createdAt, expiresAt = 0 } = keyCreatedSchema.parse((await make({ expiresIn: '2h' })).json());
  expect(expiresAt - createdAt).toBe(2 * HOUR_MS);
});

it('a key may end at a time of day, and is listed with it', async () => {
  const expiresAt = test.clock.now() + HOUR_MS;
  await make({ expiresAt });
  expect(await list()).toMatchObject([{ name: 'ci', expiresAt }]);
});

it.each([
  [{ expiresIn: '30' }, /expiresIn: expected a duration with its unit/],
  [{ expiresIn: '0s' }, /expiresIn/],
  [{ expiresAt: 5 }, /expiresAt: expected a time to come/],
  [{ expiresIn: '1h', expiresAt: 5 }, /expected one of the two/],
  [{ scope: 'root' }, /scope: /],
  [{ endpoints: ['nope'] }, /endpoints: unknown: nope/],
])('%j is refused', async (body, words) => {
  const reply = await make(body);
  expect(reply.statusCode).toBe(400);
  expect(reply.json<{ detail: string }>().detail).toMatch(words);
  expect(await list()).toEqual([]);
});

it('the list says when a key was last used, to the minute', async () => {
  const { key } = (await make({})).json<{ key: string }>();
  expect((await list())[0]).not.toHaveProperty('lastUsedAt');
  const usedAt = test.clock.now();
  await health(key);
  await test.clock.advance(30_000);
  await health(key);
  expect(await list()).toMatchObject([{ lastUsedAt: usedAt }]);
  await test.clock.advance(30_000);
  await health(key);
  expect(await list()).toMatchObject([{ lastUsedAt: usedAt + 60_000 }]);
});

it('an admin key for some endpoints manages no keys, so it cannot make itself one for all', async () => {
  const as = test.key({ scope: 'admin', endpoints: ['echo'] });
  for (const [method, path] of [
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['DELETE', '/v1/keys/x'],
  ] as const)
    expect((await test.call(method, path, undefined, { as })).statusCode).toBe(403);
});
