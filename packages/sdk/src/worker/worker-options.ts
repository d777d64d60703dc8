import type { Handler } from './job-context.ts';
import type { Concurrency } from './poll-loop.ts';

/** What `startWorker` is given. */
export interface WorkerOptions {
  readonly handler: Handler;
  /** Jobs at once, default 1; a function is asked before each poll with the current limit. */
  readonly concurrency?: Concurrency;
  /** A fresh process for each job: the worker exits with 0 after the first one. */
  readonly refreshWorker?: boolean;
  /** A generator's final output is the list of all it yielded; without it the output is `[]`. */
  readonly returnAggregateStream?: boolean;
}

/** Mistakes of the worker's author, found at the start. */
export function assertOptions(options: WorkerOptions): void {
  if (typeof options?.handler !== 'function') {
    throw new TypeError(
      'startWorker: "handler" must be a function, as in startWorker({ handler: async (job) => … }).',
    );
  }
  const { concurrency } = options;
  if (concurrency === undefined || typeof concurrency === 'function') return;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new TypeError(
      `startWorker: "concurrency" must be a whole number of at least 1, got ${String(concurrency)}.`,
    );
  }
}
