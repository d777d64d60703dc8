import type { Clock } from '@spillway/sdk/clock';
import type { HangUp } from '../lib/hang-up.ts';
import type { Job } from './job.ts';
import type { JobChange, JobQueue } from './queue.ts';

export interface WaitOptions {
  readonly waitMs: number;
  /** Aborts when the client is gone. */
  readonly signal: HangUp;
}

export type JobWaiters = ReturnType<typeof createJobWaiters>;

/** One caller. `wake` is set while it waits; a change in between is remembered. */
interface Waiter {
  change: JobChange | undefined;
  isOver: boolean;
  wake: (() => void) | undefined;
}

/** Callers that hold a request open until a job changes. */
export function createJobWaiters({ queue, clock }: { queue: JobQueue; clock: Clock }) {
  const waiting = new Map<string, Set<Waiter>>();
  let isStopped = false;

  const unwatch = queue.watch((change) => {
    for (const waiter of waiting.get(change.jobId) ?? []) {
      waiter.change = change;
      waiter.wake?.();
    }
  });

  function end(waiter: Waiter): void {
    waiter.isOver = true;
    waiter.wake?.();
  }

  function enter(jobId: string, waiter: Waiter, { waitMs, signal }: WaitOptions): () => void {
    const others = waiting.get(jobId) ?? new Set();
    waiting.set(jobId, others.add(waiter));
    const over = () => end(waiter);
    const stopTimer = clock.timer(waitMs, over);
    signal.addEventListener('abort', over);
    if (isStopped || signal.aborted) over();
    return () => {
      stopTimer();
      signal.removeEventListener('abort', over);
      others.delete(waiter);
      if (others.size === 0 && waiting.get(jobId) === others) waiting.delete(jobId);
    };
  }

  return {
    /**
     * Looks at once and after each change of the job until `look` gives a value, the time is over or the caller is
     * gone; then gives undefined. `look` gets the change that it is called for.
     */
    async until<T>(
      jobId: string,
      look: (change?: JobChange) => Promise<T | undefined> | T | undefined,
      options: WaitOptions,
    ): Promise<T | undefined> {
      const waiter: Waiter = { change: undefined, isOver: false, wake: undefined };
      const leave = enter(jobId, waiter, options);
      try {
        for (;;) {
          const { change } = waiter;
          waiter.change = undefined;
          const found = await look(change);
          if (found !== undefined || waiter.isOver) return found;
          if (waiter.change === undefined) {
            await new Promise<void>((resolve) => {
              waiter.wake = resolve;
            });
            waiter.wake = undefined;
          }
          if (waiter.isOver) return undefined;
        }
      } finally {
        leave();
      }
    },
    /** Every waiting caller is answered with what there is. */
    stop(): void {
      unwatch();
      isStopped = true;
      for (const waiters of waiting.values()) for (const waiter of waiters) end(waiter);
    },
  };
}

/** Waits until the job is in a final state; gives the job as it then is, final or not. */
export async function waitUntilFinal(
  queue: JobQueue,
  waiters: JobWaiters,
  id: string,
  options: WaitOptions,
): Promise<Job | undefined> {
  const look = async (change?: JobChange) => {
    const job = change?.transition?.after ?? (await queue.get(id));
    return job === undefined || job.finishedAt !== undefined ? { job } : undefined;
  };
  const found = await waiters.until(id, look, options);
  return found ? found.job : await queue.get(id);
}
