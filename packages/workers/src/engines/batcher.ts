import type { Clock } from '@spillway/sdk/clock';
import { createFairQueue } from './fair-queue.ts';

/**
 * Puts the items of concurrent jobs together into batches for one engine. It owns the line of waiting items and when a
 * batch starts; what a batch computes is the caller's. While a batch runs the next one grows. An engine that is idle is
 * given what there is at once, except that after a run with several items in flight it waits until as many are there
 * again: callers that ask in a circle come back within milliseconds, and without that wait they fall apart into one small
 * and one large batch for good. It waits for the window, or a tenth of what the last run took where that is longer: the
 * answers to a large batch take a while to go out, and a fuller next one is worth it. A single caller never waits.
 */
export interface BatcherOptions<Item, Result> {
  /** Most items of one batch, 1 or more. */
  readonly maxSize: number;
  /** Time that an idle engine waits at most for a batch to fill, where its runs are not much longer; 0 never waits. */
  readonly windowMs: number;
  /** Most items that wait besides those that run; `add` refuses further ones. */
  readonly maxWaiting: number;
  readonly clock: Clock;
  /**
   * Answers the items in their order. An item that failed by itself is answered with an `ItemFailure`; an error thrown
   * fails this batch's items and nobody else's. The signal aborts when no item of the batch is wanted any more.
   */
  run(items: readonly Item[], signal: AbortSignal): Promise<readonly (Result | ItemFailure)[]>;
}

export interface AddOptions {
  /** Rejects the item at once with the signal's reason: it leaves the line, or the running batch goes on without it. */
  readonly signal?: AbortSignal | undefined;
  /** Whose item it is (a job's id). Groups take turns, so one with many items does not hold up the others. */
  readonly group?: string | undefined;
}

export interface Batcher<Item, Result> {
  /** @throws BatcherFullError when too many wait; whatever the batch or the item failed with. */
  add(item: Item, options?: AddOptions): Promise<Result>;
  /** Since the start: batches that were run, and the items in them. */
  readonly counts: { readonly batches: number; readonly items: number };
  /** Rejects what is not answered and resolves when the running batch has ended; calling it again does nothing. */
  stop(): Promise<void>;
}

/** Answer for one item of a batch that could not be computed while the others could. */
export class ItemFailure {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

export class BatcherFullError extends Error {
  override readonly name = 'BatcherFullError';
}

interface Entry<Item, Result> {
  readonly item: Item;
  /** False as soon as it is answered, by a result, an error or its own cancellation. */
  isOpen: boolean;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

interface Batch<Item, Result> {
  readonly entries: readonly Entry<Item, Result>[];
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/** Part of a run's time. */
const WORTH_WAITING = 0.1;

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { maxSize, windowMs, maxWaiting, clock } = options;
  const queue = createFairQueue<Entry<Item, Result>>();
  const counts = { batches: 0, items: 0 };
  let running: Batch<Item, Result> | undefined;
  let expected = 1;
  let lastRunMs = 0;
  let stopWindow: (() => void) | undefined;
  let isLookDue = false;
  let isStopped = false;

  /** Items that are added without a pause are seen together, also those of callers that were just answered. */
  function lookSoon(): void {
    if (isLookDue || running !== undefined) return;
    isLookDue = true;
    queueMicrotask(look);
  }

  function look(): void {
    isLookDue = false;
    if (running !== undefined || queue.size === 0 || isStopped) return;
    if (windowMs <= 0 || queue.size >= Math.min(maxSize, expected)) start();
    else stopWindow ??= clock.timer(Math.max(windowMs, lastRunMs * WORTH_WAITING), start);
  }

  function closeWindow(): void {
    stopWindow?.();
    stopWindow = undefined;
  }

  function start(): void {
    closeWindow();
    const entries = queue.take(maxSize);
    const controller = new AbortController();
    counts.batches += 1;
    counts.items += entries.length;
    const startedAt = clock.now();
    const ended = runBatch(options, entries, controller.signal).then((answered) => end(answered, startedAt));
    running = { entries, controller, ended };
  }

  function end(answered: number, startedAt: number): void {
    running = undefined;
    lastRunMs = clock.now() - startedAt;
    expected = answered + queue.size;
    lookSoon();
  }

  function cancel(entry: Entry<Item, Result>, reason: unknown): void {
    entry.reject(reason);
    queue.remove(entry);
    if (queue.size === 0) closeWindow();
    if (running?.entries.every(({ isOpen }) => !isOpen)) running.controller.abort(reason);
  }

  return {
    counts,
    add(item, { signal, group } = {}) {
      if (isStopped) return Promise.reject(new Error('The worker is stopping and takes no more work.'));
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (queue.size >= maxWaiting) return Promise.reject(fullError(queue.size));
      return new Promise((resolve, reject) => {
        const onAbort = () => cancel(entry, signal?.reason);
        const forget = () => signal?.removeEventListener('abort', onAbort);
        const entry = createEntry(item, { resolve, reject }, forget);
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.add(entry, group);
        lookSoon();
      });
    },
    async stop() {
      isStopped = true;
      closeWindow();
      const reason = new Error('The worker stopped before this request was done.');
      for (const entry of [...queue.take(queue.size), ...(running?.entries ?? [])]) entry.reject(reason);
      running?.controller.abort(reason);
      await running?.ended;
    },
  };
}

function createEntry<Item, Result>(
  item: Item,
  promise: { resolve(result: Result): void; reject(reason: unknown): void },
  onAnswered: () => void,
): Entry<Item, Result> {
  const answer = (act: () => void) => {
    if (!entry.isOpen) return;
    entry.isOpen = false;
    onAnswered();
    act();
  };
  const entry: Entry<Item, Result> = {
    item,
    isOpen: true,
    resolve: (result) => answer(() => promise.resolve(result)),
    reject: (reason) => answer(() => promise.reject(reason)),
  };
  return entry;
}

/** Never rejects. @returns how many of the entries were still wanted when the batch ended. */
async function runBatch<Item, Result>(
  { run }: BatcherOptions<Item, Result>,
  entries: readonly Entry<Item, Result>[],
  signal: AbortSignal,
): Promise<number> {
  let results: readonly (Result | ItemFailure)[] = [];
  let failure: unknown;
  try {
    results = await run(
      entries.map(({ item }) => item),
      signal,
    );
    if (results.length !== entries.length) {
      failure = new Error(`A batch of ${entries.length} items was answered with ${results.length} results.`);
    }
  } catch (error) {
    failure = error ?? new Error('A batch failed without a reason.');
  }
  const wanted = entries.filter(({ isOpen }) => isOpen).length;
  for (const [index, entry] of entries.entries()) {
    const result = results[index] as Result | ItemFailure;
    if (failure !== undefined) entry.reject(failure);
    else if (result instanceof ItemFailure) entry.reject(result.error);
    else entry.resolve(result);
  }
  return wanted;
}

function fullError(count: number): BatcherFullError {
  return new BatcherFullError(`The worker is busy: ${count} items already wait. Try again later.`);
}
