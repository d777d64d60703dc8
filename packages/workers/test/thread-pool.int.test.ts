import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ThreadPool } from '../src/engines/thread-pool.ts';
import { InputError } from '../src/media/input-error.ts';

const entry = new URL('./fixtures/obedient-thread.ts', import.meta.url);
const pools: ThreadPool[] = [];

function createPool({ size = 1, maxWaiting = 8, data = {} } = {}): ThreadPool {
  const pool = new ThreadPool({ entry, data, size, maxWaiting });
  pools.push(pool);
  return pool;
}

/** A request that holds its thread until it is aborted, with a promise for the moment it runs. */
function occupy(pool: ThreadPool) {
  const controller = new AbortController();
  const running = Promise.withResolvers<void>();
  const ended = pool.run(
    { order: 'wait' },
    { signal: controller.signal, onProgress: () => running.resolve() },
  );
  ended.catch(() => undefined);
  return { abort: () => controller.abort(new Error('no longer wanted')), running: running.promise, ended };
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

test('a pool starts one thread and passes requests, progress and answers', async () => {
  const pool = createPool();
  await expect(pool.start()).resolves.toEqual({ greeting: 'at your service' });
  const progress: unknown[] = [];
  const answer = await pool.run(
    { order: 'echo', text: 'hello' },
    { onProgress: (value) => progress.push(value) },
  );
  expect([answer, progress]).toEqual(['hello', ['echoing']]);
});

test('a thread that cannot set itself up says why, at the start and to each request', async () => {
  const pool = createPool({ data: { unusable: 'There is no model at /models/x.' } });
  await expect(pool.start()).rejects.toThrow('There is no model at /models/x.');
  await expect(pool.run({ order: 'echo' })).rejects.toThrow('There is no model at /models/x.');
});

test('an error of the work rejects its request alone; whose fault it was survives the trip', async () => {
  const pool = createPool();
  await expect(pool.run({ order: 'fail', text: 'out of luck' })).rejects.toThrow('out of luck');
  await expect(pool.run({ order: 'refuse', text: 'image is empty.' })).rejects.toBeInstanceOf(InputError);
  await expect(pool.run({ order: 'echo', text: 'alive' })).resolves.toBe('alive');
});

test('a thread that dies fails its request with a sentence and is replaced', async () => {
  const pool = createPool();
  await expect(pool.run({ order: 'die' })).rejects.toThrow(/The inference thread ended during this request/);
  await expect(pool.run({ order: 'echo', text: 'a new one' })).resolves.toBe('a new one');
});

test('requests that wait behind a dying thread are answered by its replacement', async () => {
  const pool = createPool();
  const dying = pool.run({ order: 'die' });
  const waiting = pool.run({ order: 'echo', text: 'still here' });
  await expect(dying).rejects.toThrow();
  await expect(waiting).resolves.toBe('still here');
});

test('a request that is aborted while it waits never runs', async () => {
  const pool = createPool();
  const first = occupy(pool);
  await first.running;
  const controller = new AbortController();
  const progress: unknown[] = [];
  const waiting = pool.run(
    { order: 'echo', text: 'unheard' },
    { signal: controller.signal, onProgress: (value) => progress.push(value) },
  );
  controller.abort(new Error('the job was cancelled'));
  await expect(waiting).rejects.toThrow('the job was cancelled');
  first.abort();
  await expect(pool.run({ order: 'echo', text: 'next' })).resolves.toBe('next');
  expect(progress).toEqual([]);
});

test('a request that is aborted while it runs rejects at once, and its thread takes the next one', async () => {
  const pool = createPool();
  const { abort, running, ended } = occupy(pool);
  await running;
  abort();
  await expect(ended).rejects.toThrow('no longer wanted');
  await expect(pool.run({ order: 'echo', text: 'next' })).resolves.toBe('next');
});

test('the main thread goes on while an inference thread is blocked', async () => {
  const pool = createPool();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const answer = pool.run({ order: 'block', flag }, { onProgress: () => setImmediate(release) });
  // Only a main thread that still turns can set the flag that the blocked thread waits for.
  function release() {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  }
  await expect(answer).resolves.toBe('released');
});

test('a thread that nobody needs after its start warms up', async () => {
  const warmth = new Int32Array(new SharedArrayBuffer(4));
  await createPool({ data: { warmth } }).start();
  await Atomics.waitAsync(warmth, 0, 0).value;
  expect(warmth[0]).toBe(1);
});

test('a request whose signal is already aborted is refused', async () => {
  const pool = createPool();
  const aborted = AbortSignal.abort(new Error('too late'));
  await expect(pool.run({ order: 'echo' }, { signal: aborted })).rejects.toThrow('too late');
});

test('a second thread is started when the first is busy, up to the size of the pool', async () => {
  const pool = createPool({ size: 2 });
  await pool.start();
  const holders = [occupy(pool), occupy(pool)];
  await Promise.all(holders.map(({ running }) => running));
  const third = occupy(pool);
  holders[0]?.abort();
  await third.running;
});

test('more requests than may wait are refused with a sentence', async () => {
  const pool = createPool({ maxWaiting: 1 });
  const first = occupy(pool);
  await first.running;
  const second = pool.run({ order: 'echo', text: 'waits' });
  await expect(pool.run({ order: 'echo' })).rejects.toThrow('The worker is busy: 1 requests already wait.');
  first.abort();
  await expect(second).resolves.toBe('waits');
});

test('stopping rejects what runs and what waits, takes no more, and can be called again', async () => {
  const pool = createPool();
  const first = occupy(pool);
  await first.running;
  const answers = Promise.allSettled([first.ended, pool.run({ order: 'echo' })]);
  await Promise.all([pool.stop(), pool.stop()]);
  const reason = expect.objectContaining({ message: 'The worker stopped before this request was done.' });
  expect(await answers).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ]);
  await expect(pool.run({ order: 'echo' })).rejects.toThrow('The worker is stopping and takes no more work.');
});

test('a thread that is inside a call of the runtime ends when the call has', async () => {
  const pool = createPool();
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const inside = Promise.withResolvers<void>();
  const onProgress = (value: unknown) => value === 'inside' && inside.resolve();
  pool.run({ order: 'call', flag }, { onProgress }).catch(() => undefined);
  await inside.promise;
  const stopped = pool.stop();
  // Turns in which a thread that is ended at once would be gone.
  for (let turn = 0; turn < 50; turn++) await nextTurn();
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
  await stopped;
  expect(Atomics.load(flag, 1)).toBe(1);
});
