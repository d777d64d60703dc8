import type { Clock } from '@spillway/sdk/clock';
import type { Job } from './job.ts';
import type { JobQueue } from './queue.ts';

export interface WaitOptions {
  readonly waitMs: number;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

export type JobWaiters = ReturnType<typeof createJobWaiters>;

/** Callers that hold a request open until a job changes. */
export function createJobWaiters({ queue, clock }: { queue: JobQueue; clock: Clock }) {
  const waiting = new Map<string, Set<() => void>>();
  const stopped = new AbortController();

  const unwatch = queue.watch(({ jobId }) => {
    const wakes = waiting.get(jobId);
    if (!wakes) return;
    waiting.delete(jobId);
    for (const wake of wakes) wake();
  });

  function nextChange(jobId: string, until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wakes = waiting.get(jobId) ?? new Set();
      waiting.set(jobId, wakes);
      const wake = () => {
        until.removeEventListener('abort', wake);
        wakes.delete(wake);
        if (wakes.size === 0 && waiting.get(jobId) === wakes) waiting.delete(jobId);
        resolve();
      };
      wakes.add(wake);
      until.addEventListener('abort', wake, { once: true });
    });
  }

  return {
    /**
     * Looks at once and after each change of the job until `look` gives a value, the time is over or the caller is
     * gone; then gives undefined.
     */
    async until<T>(
      jobId: string,
      look: () => Promise<T | undefined>,
      options: WaitOptions,
    ): Promise<T | undefined> {
      const ended = new AbortController();
      const over = AbortSignal.any([options.signal, stopped.signal, ended.signal]);
      const timer = clock.sleep(options.waitMs, over).then(() => ended.abort());
      try {
        for (;;) {
          // Asked for before the look, so that no change falls between the two.
          const change = nextChange(jobId, over);
          const found = await look();
          if (found !== undefined || over.aborted) return found;
          await change;
          if (over.aborted) return undefined;
        }
      } finally {
        ended.abort();
        await timer;
      }
    },
    /** Every waiting caller is answered with what there is. */
    stop(): void {
      unwatch();
      stopped.abort();
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
  const look = async () => {
    const job = await queue.get(id);
    return job === undefined || job.finishedAt !== undefined ? { job } : undefined;
  };
  const found = await waiters.until(id, look, options);
  return found ? found.job : await queue.get(id);
}
