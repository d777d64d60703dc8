import type { Clock } from '@spillway/sdk/clock';
import type { Job } from './job.ts';
import { createPump } from './pump.ts';
import type { JobQueue } from './queue.ts';
import { createTakerLine, createWorkFlags, type TakeOptions } from './taker-line.ts';

/** How long a poll of a worker that gets nothing any more is held. */
export const CLOSED_HOLD_MS = 1_000;

export type Dispatcher = ReturnType<typeof createDispatcher>;

/**
 * Gives jobs to the workers that wait for them, the longest waiting first, which spreads work evenly. A closed worker
 * gets nothing any more: its open polls are answered empty before it is stopped, so no job is handed to a worker that
 * will never run it.
 */
export function createDispatcher({ queue, clock }: { queue: JobQueue; clock: Clock }) {
  const line = createTakerLine();
  const work = createWorkFlags();
  const closed = new Set<string>();
  const pump = createPump({ queue, line, work, closed });

  const unwatch = queue.watch(({ endpoint, isNew, transition }) => {
    const hasMoved = transition && transition.before.status !== transition.after.status;
    if (isNew || (hasMoved && transition.after.status === 'IN_QUEUE')) work.set(endpoint);
    if (isNew || hasMoved) pump.start(endpoint);
  });

  return {
    /** Waits up to `holdMs` for jobs; an empty answer means none came. */
    async take(options: TakeOptions): Promise<readonly Job[]> {
      const ended = new AbortController();
      const jobs = await new Promise<readonly Job[]>((resolve) => {
        const taker = line.join(options, resolve);
        // A closed worker is held, not refused, since one that is refused asks again at once; but shortly, since it may
        // wait for this very answer before it ends.
        const holdMs = closed.has(options.workerId)
          ? Math.min(options.holdMs, CLOSED_HOLD_MS)
          : options.holdMs;
        void clock.sleep(holdMs, AbortSignal.any([options.signal, ended.signal])).then(() => {
          taker.isOver = true;
          // In a pump's hands it is answered there, so no job is lost between the two.
          if (line.leave(taker)) resolve([]);
        });
        work.touch(options.endpoint);
        if (!closed.has(options.workerId)) pump.start(options.endpoint);
      });
      ended.abort();
      return jobs;
    },
    /** No further jobs for this worker; its open polls are answered empty. */
    close(workerId: string): void {
      closed.add(workerId);
      for (const taker of line.all()) {
        if (taker.workerId === workerId && line.leave(taker)) taker.answer([]);
      }
    },
    isClosed: (workerId: string) => closed.has(workerId),
    /** The worker is gone for good. */
    forget: (workerId: string) => closed.delete(workerId),
    /** At the start every endpoint may have work from before. */
    wake(endpoints: readonly string[]): void {
      for (const endpoint of endpoints) {
        work.set(endpoint);
        pump.start(endpoint);
      }
    },
    /** Ends all: open polls are answered empty. */
    async stop(): Promise<void> {
      unwatch();
      for (const taker of line.all()) if (line.leave(taker)) taker.answer([]);
      await pump.settled();
    },
  };
}
