import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { type BatcherOptions, createBatcher, ItemFailure } from './batcher.ts';

interface OpenBatch {
  readonly items: readonly string[];
  readonly signal: AbortSignal;
  /** Answers each item with itself in capitals, or ends the batch in the way given. */
  finish(results?: readonly (string | ItemFailure)[]): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A batcher over an engine that the test finishes by hand, one batch at a time. */
function createEngine(changes: Partial<BatcherOptions<string, string>> = {}) {
  const clock = createManualClock();
  const batches: OpenBatch[] = [];
  const batcher = createBatcher<string, string>({
    ...{ maxSize: 4, windowMs: 0, maxWaiting: 16, clock },
    run(items, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly (string | ItemFailure)[]>();
      batches.push({
        ...{ items, signal },
        async finish(results = items.map((item) => item.toUpperCase())) {
          resolve(results);
          await clock.settle();
        },
        async fail(error) {
          reject(error);
          await clock.settle();
        },
      });
      return promise;
    },
    ...changes,
  });
  const last = () => batches.at(-1) ?? expect.unreachable('no batch was started');
  return { batcher, batches, clock, last };
}

/** What became of a promise, without waiting for it. */
function watch<T>(promise: Promise<T>) {
  const seen: { answer?: T; error?: string } = {};
  promise.then(
    (answer) => Object.assign(seen, { answer }),
    (error: Error) => Object.assign(seen, { error: error.message }),
  );
  return seen;
}

test('an idle engine gets what there is at once, and the next batch grows while it works', async () => {
  const { batcher, batches, clock, last } = createEngine();
  const answers = [watch(batcher.add('a'))];
  await clock.settle();
  expect(last().items).toEqual(['a']);
  for (const item of ['b', 'c', 'd']) answers.push(watch(batcher.add(item)));
  await clock.settle();
  expect(batches).toHaveLength(1);
  await last().finish();
  expect(last().items).toEqual(['b', 'c', 'd']);
  await last().finish();
  expect(answers).toEqual([{ answer: 'A' }, { answer: 'B' }, { answer: 'C' }, { answer: 'D' }]);
});

test('items that are added together run together', async () => {
  const { batcher, clock, batches } = createEngine();
  for (const item of 'abcdef') void batcher.add(item);
  await clock.settle();
  expect(batches.map(({ items }) => items.length)).toEqual([4]);
  await batches[0]?.finish();
  expect(batches.map(({ items }) => items.length)).toEqual([4, 2]);
});

test('a single caller never waits, however long the window', async () => {
  const { batcher, clock, last, batches } = createEngine({ windowMs: 50 });
  for (let round = 1; round <= 3; round++) {
    const answer = watch(batcher.add('x'));
    await clock.settle();
    expect(batches).toHaveLength(round);
    await last().finish();
    expect(answer).toEqual({ answer: 'X' });
  }
});

test('callers that ask in a circle are waited for and stay in one batch', async () => {
  const { batcher, clock, last, batches } = createEngine({ windowMs: 50 });
  const ask = (item: string) => watch(batcher.add(item));
  ask('a');
  await clock.settle();
  ask('b');
  ask('c');
  await last().finish();
  // The first caller is answered and about to ask again.
  expect(batches).toHaveLength(1);
  await clock.advance(10);
  ask('a');
  await clock.settle();
  expect(last().items).toEqual(['b', 'c', 'a']);
  await last().finish();
  for (const item of ['c', 'a', 'b']) {
    expect(batches).toHaveLength(2);
    ask(item);
    await clock.advance(10);
  }
  expect(last().items).toEqual(['c', 'a', 'b']);
});

test('after a long run callers are waited for longer than the window: a tenth of it', async () => {
  const { batcher, clock, last, batches } = createEngine({ windowMs: 5 });
  for (const item of 'abc') void batcher.add(item);
  await clock.advance(400);
  await last().finish();
  void batcher.add('a');
  await clock.advance(39);
  expect(batches).toHaveLength(1);
  await clock.advance(1);
  expect(last().items).toEqual(['a']);
});

test('callers that do not come back are waited for no longer than the window, and once', async () => {
  const { batcher, clock, last, batches } = createEngine({ windowMs: 50 });
  for (const item of 'abc') void batcher.add(item);
  await clock.settle();
  await last().finish();
  void batcher.add('a');
  await clock.advance(49);
  expect(batches).toHaveLength(1);
  await clock.advance(1);
  expect(last().items).toEqual(['a']);
  await last().finish();
  void batcher.add('a');
  await clock.settle();
  expect(batches).toHaveLength(3);
});

test('a job with 16 items does not hold up single ones', async () => {
  const { batcher, clock, last, batches } = createEngine({ maxWaiting: 32 });
  for (let i = 0; i < 16; i++) void batcher.add(`job ${i}`, { group: 'job' });
  await clock.settle();
  const single = watch(batcher.add('single', { group: 'other' }));
  await last().finish();
  expect(last().items).toEqual(['job 4', 'single', 'job 5', 'job 6']);
  await last().finish();
  expect(single).toEqual({ answer: 'SINGLE' });
  expect(batches).toHaveLength(3);
});

test('an item that is cancelled while it waits leaves the line', async () => {
  const { batcher, clock, last } = createEngine();
  void batcher.add('a');
  await clock.settle();
  const controller = new AbortController();
  const cancelled = watch(batcher.add('b', { signal: controller.signal }));
  void batcher.add('c');
  controller.abort(new Error('the job was cancelled'));
  await last().finish();
  expect(cancelled).toEqual({ error: 'the job was cancelled' });
  expect(last().items).toEqual(['c']);
});

test('an item that is cancelled while its batch runs ends at once; the others get their answers', async () => {
  const { batcher, clock, last } = createEngine();
  const controller = new AbortController();
  const cancelled = watch(batcher.add('a', { signal: controller.signal }));
  const other = watch(batcher.add('b'));
  await clock.settle();
  controller.abort(new Error('the job was cancelled'));
  await clock.settle();
  expect(cancelled).toEqual({ error: 'the job was cancelled' });
  expect(last().signal.aborted).toBe(false);
  await last().finish();
  expect(other).toEqual({ answer: 'B' });
});

test('a batch that nobody waits for any more is told so', async () => {
  const { batcher, clock, last } = createEngine();
  const controller = new AbortController();
  void watch(batcher.add('a', { signal: controller.signal }));
  void watch(batcher.add('b', { signal: controller.signal }));
  await clock.settle();
  controller.abort(new Error('gone'));
  expect(last().signal.aborted).toBe(true);
});

test('an item whose signal is aborted already never runs', async () => {
  const { batcher, batches, clock } = createEngine();
  await expect(batcher.add('a', { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow(
    'too late',
  );
  await clock.settle();
  expect(batches).toEqual([]);
});

test('an error of a batch fails its items and no others', async () => {
  const { batcher, clock, last } = createEngine({ maxSize: 2 });
  const answers = ['a', 'b', 'c'].map((item) => watch(batcher.add(item)));
  await clock.settle();
  await last().fail(new Error('out of memory'));
  await last().finish();
  expect(answers).toEqual([{ error: 'out of memory' }, { error: 'out of memory' }, { answer: 'C' }]);
});

test('an item can fail by itself', async () => {
  const { batcher, clock, last } = createEngine();
  const answers = ['a', 'b'].map((item) => watch(batcher.add(item)));
  await clock.settle();
  await last().finish([new ItemFailure(new Error('not a picture')), 'fine']);
  expect(answers).toEqual([{ error: 'not a picture' }, { answer: 'fine' }]);
});

test('an engine that answers too few results fails the batch instead of mixing answers up', async () => {
  const { batcher, clock, last } = createEngine();
  const answers = ['a', 'b'].map((item) => watch(batcher.add(item)));
  await clock.settle();
  await last().finish(['one']);
  const error = 'A batch of 2 items was answered with 1 results.';
  expect(answers).toEqual([{ error }, { error }]);
});

test('more items than may wait are refused with a sentence, and taken again when there is room', async () => {
  const { batcher, clock, last } = createEngine({ maxSize: 1, maxWaiting: 2 });
  void batcher.add('a');
  await clock.settle();
  void batcher.add('b');
  void batcher.add('c');
  await expect(batcher.add('d')).rejects.toThrow(
    'The worker is busy: 2 items already wait. Try again later.',
  );
  await last().finish();
  void batcher.add('e');
  expect(batcher.counts).toEqual({ batches: 2, items: 2 });
});

test('stopping rejects what waits and what runs, takes no more, and can be called again', async () => {
  const { batcher, clock, last } = createEngine({ maxSize: 1, windowMs: 50 });
  const answers = ['a', 'b'].map((item) => watch(batcher.add(item)));
  await clock.settle();
  const stopped = Promise.all([batcher.stop(), batcher.stop()]);
  expect(last().signal.aborted).toBe(true);
  await last().finish();
  await stopped;
  const error = 'The worker stopped before this request was done.';
  expect(answers).toEqual([{ error }, { error }]);
  await expect(batcher.add('c')).rejects.toThrow('takes no more work');
  expect(clock.pending()).toEqual([]);
});
