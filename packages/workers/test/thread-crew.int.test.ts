import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, expect, test } from 'vitest';
import { SpareThread } from '../src/engines/spare-thread.ts';
import { ThreadPool, type ThreadPoolOptions } from '../src/engines/thread-pool.ts';

/** What a pool does with its threads over time: warm up, replace a quick one, unload, hand buffers over. */
const entry = new URL('./fixtures/obedient-thread.ts', import.meta.url);
const pools: ThreadPool[] = [];

function createPool(options: Partial<ThreadPoolOptions> = {}) {
  const clock = createManualClock();
  const pool = new ThreadPool({ entry, data: {}, size: 1, maxWaiting: 8, clock, ...options });
  pools.push(pool);
  return { pool, clock };
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

function createFlag() {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const raise = () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  };
  return { flag, raise };
}

/** Asks until the lasting thread answers; every answer until then comes from the quick one. */
async function askUntilReplaced(pool: ThreadPool): Promise<void> {
  for (;;) {
    const name = await pool.run({ order: 'name' });
    if (name === 'lasting') return;
    expect(name).toBe('quick');
  }
}

test('a pool that is to be warm at its start says that it is ready after the warm-up', async () => {
  const { flag } = createFlag();
  const { pool } = createPool({ data: { warmth: flag }, warmUp: 'ready' });
  await pool.start();
  expect(flag[0]).toBe(1);
});

test('a model that fails its warm-up is never called ready', async () => {
  const { pool } = createPool({ data: { warmUpError: 'the model answers nonsense' }, warmUp: 'ready' });
  await expect(pool.start()).rejects.toThrow('the model answers nonsense');
});

test('the quick thread serves until the lasting one is ready, and then never again', async () => {
  const { flag, raise } = createFlag();
  const { pool } = createPool({ quickData: { name: 'quick' }, data: { name: 'lasting', gate: flag } });
  await pool.start();
  // The first answer sets the second thread going, which is kept from getting ready.
  expect(await pool.run({ order: 'name' })).toBe('quick');
  expect(await pool.run({ order: 'name' })).toBe('quick');
  raise();
  await askUntilReplaced(pool);
  expect(await pool.run({ order: 'name' })).toBe('lasting');
});

test('without a request the lasting thread is made after a quiet moment', async () => {
  const { pool, clock } = createPool({ quickData: { name: 'quick' }, data: { name: 'lasting' } });
  await pool.start();
  await clock.advanceToNext();
  await askUntilReplaced(pool);
});

test('what the quick thread is at when it is replaced is answered', async () => {
  const gate = createFlag();
  const { pool } = createPool({ quickData: { name: 'quick' }, data: { name: 'lasting', gate: gate.flag } });
  await pool.run({ order: 'name' });
  const work = createFlag();
  const running = Promise.withResolvers<void>();
  const blocked = pool.run({ order: 'block', flag: work.flag }, { onProgress: () => running.resolve() });
  await running.promise;
  gate.raise();
  expect(await pool.run({ order: 'name' })).toBe('lasting');
  work.raise();
  expect(await blocked).toBe('released');
});

test('when no lasting thread can be made, the quick one goes on, and somebody is told', async () => {
  const warning = Promise.withResolvers<string>();
  const { pool } = createPool({
    ...{ quickData: { name: 'quick' }, data: { unusable: 'Out of memory.' } },
    warn: (message) => warning.resolve(message),
  });
  expect(await pool.run({ order: 'name' })).toBe('quick');
  expect(await warning.promise).toBe('A further inference thread could not be started: Out of memory.');
  expect(await pool.run({ order: 'name' })).toBe('quick');
});

test('a quick thread that dies is replaced by a quick one', async () => {
  const { flag } = createFlag();
  const { pool } = createPool({ quickData: { name: 'quick' }, data: { name: 'lasting', gate: flag } });
  await expect(pool.run({ order: 'die' })).rejects.toThrow(/ended during this request/);
  expect(await pool.run({ order: 'name' })).toBe('quick');
});

test('models are unloaded after the idle time, and loaded again by the next request', async () => {
  const { pool, clock } = createPool({ idleUnloadMs: 60_000 });
  const first = await pool.run({ order: 'number' });
  await clock.advance(59_999);
  expect(await pool.run({ order: 'number' })).toBe(first);
  await clock.advance(59_999);
  expect(await pool.run({ order: 'number' })).toBe(first);
  await clock.advance(60_000);
  expect(await pool.run({ order: 'number' })).not.toBe(first);
});

test('models are not unloaded while a long request runs', async () => {
  const { pool, clock } = createPool({ idleUnloadMs: 60_000 });
  const first = await pool.run({ order: 'number' });
  const { flag, raise } = createFlag();
  const running = Promise.withResolvers<void>();
  const long = pool.run({ order: 'block', flag }, { onProgress: () => running.resolve() });
  await running.promise;
  await clock.advance(120_000);
  raise();
  expect(await long).toBe('released');
  expect(await pool.run({ order: 'number' })).toBe(first);
});

test('buffers go to the thread and back without being copied', async () => {
  const { pool } = createPool();
  const bytes = new Uint8Array(1 << 20);
  const filled = (await pool.run({ order: 'fill', bytes }, { transfer: [bytes.buffer] })) as Uint8Array;
  expect(bytes.byteLength).toBe(0);
  expect([filled.byteLength, filled[0]]).toEqual([1 << 20, 7]);
});

test('a request whose buffer was given away before fails alone', async () => {
  const { pool } = createPool();
  const bytes = new Uint8Array(16);
  await pool.run({ order: 'fill', bytes }, { transfer: [bytes.buffer] });
  await expect(pool.run({ order: 'fill', bytes }, { transfer: [bytes.buffer] })).rejects.toThrow(
    /^The request could not be handed to its thread: /,
  );
  await expect(pool.run({ order: 'echo', text: 'alive' })).resolves.toBe('alive');
});

test('a thread that was started before its work was known becomes the first of a pool, once', async () => {
  const spare = new SpareThread(entry);
  const { pool } = createPool({ spare, data: { name: 'was spare' } });
  expect(await pool.run({ order: 'name' })).toBe('was spare');
  expect(spare.take()).toBeUndefined();
  await spare.stop();
  expect(await pool.run({ order: 'name' })).toBe('was spare');
});

test('a spare thread that could not even start leaves its pool one that says why', async () => {
  const missing = new URL('./fixtures/no-such-thread.ts', import.meta.url);
  const spare = new SpareThread(missing);
  await expect.poll(() => spare.isFree).toBe(false);
  const { pool } = createPool({ entry: missing, spare });
  await expect(pool.start()).rejects.toThrow('no-such-thread');
});

test('a spare thread that nobody takes can be ended, and is not to be had then', async () => {
  const spare = new SpareThread(entry);
  await spare.stop();
  expect(spare.take()).toBeUndefined();
});
