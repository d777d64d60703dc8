import type { Clock } from '@spillway/sdk/clock';

/** Results wait this long to be copied, so that many share one write. */
const FLUSH_AFTER_MS = 100;
const AFTER_ERROR_MS = 1_000;

export interface BatchLoopOptions {
  readonly clock: Clock;
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** False when nothing was left to feed. */
  readonly feed: () => Promise<boolean>;
  readonly flush: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export type BatchLoop = ReturnType<typeof createBatchLoop>;

/** Does the background work of batches, each time it is poked; an error is told, and the work tried again. */
export function createBatchLoop({ clock, inTurn, feed, flush, onError }: BatchLoopOptions) {
  const stopping = new AbortController();
  let poked = Promise.withResolvers<void>();
  let urgent = new AbortController();
  let loop: Promise<void> | undefined;
  let hasFood = true;

  /** Other calls may come between two portions. */
  async function work(): Promise<void> {
    while (hasFood && !stopping.signal.aborted) {
      hasFood = false;
      if (await inTurn(feed)) hasFood = true;
    }
    await inTurn(flush);
  }

  /** False when it failed; it is to be tried again then. */
  async function attempt(): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      onError(error);
      hasFood = true;
      poked.resolve();
      return false;
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await poked.promise;
      await clock.sleep(FLUSH_AFTER_MS, AbortSignal.any([stopping.signal, urgent.signal]));
      poked = Promise.withResolvers();
      urgent = new AbortController();
      if (!(await attempt())) await clock.sleep(AFTER_ERROR_MS, stopping.signal);
    }
  }

  return {
    /** Resolves when all that the last run left is done, or its first try failed. */
    async start(): Promise<void> {
      await attempt();
      loop ??= run();
    },
    /** Something is to be recorded. */
    pokeSoon: (): void => poked.resolve(),
    /** Requests wait to become jobs. */
    pokeNow(): void {
      hasFood = true;
      urgent.abort();
      poked.resolve();
    },
    /** What was reported is written. */
    async stop(): Promise<void> {
      stopping.abort();
      poked.resolve();
      await loop;
      await inTurn(flush).catch(onError);
    },
  };
}
