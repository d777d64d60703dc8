import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestEngine } from '../jobs/test-engine.ts';
import { createKeyStore } from '../keys/key-store.ts';
import { createUploadTokens } from '../keys/upload-tokens.ts';
import { createWorkerKeys } from '../keys/worker-keys.ts';
import { type Authenticate, createAuthenticator, submitterOf } from './auth.ts';

const ADMIN_KEY = 'spk_admin-key-of-the-tests';
let engine: ReturnType<typeof createTestEngine>;
let clock: typeof engine.clock;
let keys: ReturnType<typeof createKeyStore>;
let workerKeys: ReturnType<typeof createWorkerKeys>;
let authenticate: Authenticate;

beforeEach(() => {
  engine = createTestEngine();
  clock = engine.clock;
  keys = createKeyStore(engine.db, engine);
  workerKeys = createWorkerKeys(engine.ids);
  authenticate = createAuthenticator({
    ...{ adminKey: ADMIN_KEY, keys, workerKeys },
    uploadTokens: createUploadTokens(engine.db, engine),
  });
});
afterEach(() => engine.stop());

test('the same header is the same caller each time, with or without Bearer', () => {
  for (let i = 0; i < 3; i += 1)
    for (const header of [ADMIN_KEY, `Bearer ${ADMIN_KEY}`, `bearer  ${ADMIN_KEY} `])
      expect(authenticate(header)).toEqual({ scope: 'admin', keyId: 'admin' });
  const { secret, record } = keys.create({ name: 'a', scope: 'client', endpoints: ['echo'] });
  for (let i = 0; i < 3; i += 1)
    expect(authenticate(secret)).toEqual({ scope: 'client', keyId: record.id, endpoints: ['echo'] });
});

test('a key that is removed, or over, is refused from then on, however often it was good', async () => {
  const removed = keys.create({ name: 'a', scope: 'client' });
  const over = keys.create({ name: 'b', scope: 'client', expiresAt: clock.now() + 10 });
  const worker = workerKeys.issue({ workerId: 'w1', endpoint: 'echo' });
  for (const secret of [removed.secret, over.secret, worker])
    for (let i = 0; i < 3; i += 1) authenticate(secret);
  keys.remove(removed.record.id);
  workerKeys.revoke('w1');
  await clock.advance(10);
  expect(() => authenticate(removed.secret)).toThrow('invalid api key');
  expect(() => authenticate(worker)).toThrow('invalid api key');
  expect(() => authenticate(over.secret)).toThrow('this api key has expired');
});

test('a header that was refused is good once its key is there', () => {
  expect(() => authenticate('spw_s')).toThrow('invalid api key');
  const secret = workerKeys.issue({ workerId: 'w1', endpoint: 'echo' });
  expect(() => authenticate(`${secret}x`)).toThrow('invalid api key');
  expect(authenticate(secret)).toEqual({ scope: 'worker', endpoints: ['echo'], workerId: 'w1' });
});

test('the last use of a key is noted, to the minute, though its header was seen before', async () => {
  const { secret } = keys.create({ name: 'a', scope: 'client' });
  const lastUsedAt = () => keys.list()[0]?.lastUsedAt;
  authenticate(secret);
  const first = clock.now();
  await clock.advance(59_000);
  authenticate(secret);
  expect(lastUsedAt()).toBe(first);
  await clock.advance(1_000);
  authenticate(secret);
  expect(lastUsedAt()).toBe(first + 60_000);
});

test('no key, an empty one and thousands of wrong ones are refused, and the right one stays right', () => {
  for (const header of [undefined, '', 'Bearer ', '  '])
    expect(() => authenticate(header)).toThrow('no token provided');
  for (let i = 0; i < 2_500; i += 1) expect(() => authenticate(`wrong-${i}`)).toThrow('invalid api key');
  expect(() => authenticate('x'.repeat(10_000))).toThrow('invalid api key');
  expect(authenticate(ADMIN_KEY)).toEqual({ scope: 'admin', keyId: 'admin' });
});

test('what a page submits is at the cost of the key behind its token', async () => {
  const { record } = keys.create({ name: 'shop', scope: 'client' });
  const tokens = createUploadTokens(engine.db, engine);
  authenticate = createAuthenticator({ adminKey: ADMIN_KEY, keys, workerKeys, uploadTokens: tokens });
  const wanted = { endpoint: 'echo', maxBytes: 1, maxArtifacts: 1, maxJobs: 1, expiresAt: clock.now() + 1 };
  const { secret } = await tokens.create({ ...wanted, issuer: record.id });
  expect(submitterOf(authenticate(secret))).toBe(record.id);
  const ofAdmin = await tokens.create({ ...wanted, issuer: 'admin' });
  expect(submitterOf(authenticate(ofAdmin.secret))).toBeUndefined();
});
