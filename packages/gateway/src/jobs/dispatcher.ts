import type { Clock } from '@spillway/sdk/clock';
import { createSharedTimers } from '../lib/shared-timers.ts';
import type { Job } from './job.ts';
import { createPump } from './pump.ts';
import type { JobChange, JobQueue } from './queue.ts';
import { createTakerLine, type TakeOptions } from './taker-line.ts';
import { createWorkFlags, type WorkFlags } from './work-flags.ts';

/** How long a poll of a worker that gets nothing any more is held. */
export const CLOSED_HOLD_MS = 1_000;
/** The store could not be written: takers are held so long until the next try. */
const AFTER_ERROR_MS = 1_000;

export interface DispatcherOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export type Dispatcher = ReturnType<typeof createDispatcher>;

/**
 * Gives jobs to the workers that wait for them, the longest waiting first, which spreads work evenly. A closed worker
 * gets nothing any more: its open polls are answered empty before it is stopped, so no job is handed to a worker that
 * will never run it.
 */
export function createDispatcher({ queue, clock, onError }: DispatcherOptions) {
  const line = createTakerLine();
  const holdTimer = createSharedTimers(clock);
  const work = createWorkFlags();
  const closed = new Set<string>();
  const paused = new Set<string>();
  const stopping = new AbortController();
  const onFailure = (error: unknown) => {
    onError(error);
    return clock.sleep(AFTER_ERROR_MS, stopping.signal);
  };
  const pump = createPump({ queue, line, work, closed, paused, onFailure });

  const unwatchComing = queue.watchComing(pump.offer);
  const unwatch = queue.watch((change) => follow(change, queue, work, pump));

  return {
    /** Waits up to `holdMs` for jobs; an empty answer means none came. */
    take(options: TakeOptions): Promise<readonly Job[]> {
      const { endpoint, workerId, hangUp } = options;
      return new Promise((resolve) => {
        const taker = line.join(options, (jobs) => {
          stopTimer();
          hangUp.removeEventListener('abort', leave);
          resolve(jobs);
        });
        const leave = () => {
          taker.isOver = true;
          // In a pump's hands it is answered there, so no job is lost between the two.
          if (line.leave(taker)) taker.answer([]);
        };
        // A closed worker is held, not refused, since one that is refused asks again at once; but shortly, since it may
        // wait for this very answer before it ends.
        const isClosed = closed.has(workerId);
        const stopTimer = holdTimer(
          isClosed ? Math.min(options.holdMs, CLOSED_HOLD_MS) : options.holdMs,
          leave,
        );
        hangUp.addEventListener('abort', leave);
        if (hangUp.aborted) return leave();
        work.touch(endpoint);
        if (isClosed) return;
        if (queue.coming(endpoint) > 0) pump.offer(endpoint);
        else pump.start(endpoint);
      });
    },
    /** No further jobs for this worker; its open polls are answered empty. */
    close(workerId: string): void {
      closed.add(workerId);
      for (const taker of line.all()) {
        if (taker.workerId === workerId && line.leave(taker)) taker.answer([]);
      }
    },
    isClosed: (workerId: string) => closed.has(workerId),
    /** Whether the worker waits for jobs right now. */
    isAsking: (workerId: string) => line.all().some((taker) => taker.workerId === workerId),
    /** The worker is gone for good. */
    forget: (workerId: string) => closed.delete(workerId),
    /** The endpoint's jobs stay in the queue until `resume`; what was taken before goes on. */
    pause: (endpoint: string): void => void paused.add(endpoint),
    resume(endpoint: string): void {
      if (!paused.delete(endpoint)) return;
      work.set(endpoint);
      pump.start(endpoint);
    },
    /** At the start every endpoint may have work from before. */
    wake(endpoints: readonly string[]): void {
      for (const endpoint of endpoints) {
        work.set(endpoint);
        pump.start(endpoint);
      }
    },
    /** Ends all: open polls are answered empty. */
    async stop(): Promise<void> {
      unwatchComing();
      unwatch();
      stopping.abort();
      for (const taker of line.all()) if (line.leave(taker)) taker.answer([]);
      await pump.settled();
    },
  };
}

/** Starts a pump where something happened that may bring a job and a taker together. */
function follow(
  { endpoint, isNew, transition }: JobChange,
  queue: JobQueue,
  work: WorkFlags,
  pump: ReturnType<typeof createPump>,
): void {
  const hasMoved = transition && transition.before.status !== transition.after.status;
  const isBack = hasMoved && transition.after.status === 'IN_QUEUE';
  // A new job may be taken by now: by a taker that shared its commit.
  if ((isNew || isBack) && queue.counts(endpoint).ready > 0) work.set(endpoint);
  // A worker whose hands became free may have what it could not have before: a pump that is ending must look again.
  else if (hasMoved && transition.before.lease) work.touch(endpoint);
  if (isNew || hasMoved) pump.start(endpoint);
}
