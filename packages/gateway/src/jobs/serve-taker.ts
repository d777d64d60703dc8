import type { Job } from './job.ts';
import type { Transition } from './job-machine.ts';
import type { JobQueue } from './queue.ts';
import type { Taker, TakerLine } from './taker-line.ts';
import type { WorkFlags } from './work-flags.ts';

export interface ServeOptions {
  readonly queue: JobQueue;
  readonly line: TakerLine;
  readonly work: WorkFlags;
  /** Workers that get nothing any more. */
  readonly closed: ReadonlySet<string>;
  /** Endpoints whose jobs stay in the queue. */
  readonly paused: ReadonlySet<string>;
}

/**
 * Gets jobs for one taker that has left the line: it is answered with them, or is back in its place. The returned
 * function rejects where the store failed, with the taker back in its place. Promises are chained by hand, since each
 * job of each worker comes through here.
 */
export function createServeTaker({ queue, line, work, closed, paused }: ServeOptions) {
  const isDone = (taker: Taker) => taker.isOver || taker.hangUp.aborted || closed.has(taker.workerId);

  function conclude(taker: Taker, jobs: readonly Job[]): void {
    if (jobs.length === 0 && !isDone(taker)) line.park(taker);
    else taker.answer(jobs);
  }

  async function handBack(taker: Taker, taken: readonly Transition[]): Promise<void> {
    try {
      for (const { after } of taken)
        await queue.handBackJob(taker.workerId, after.id, 'the worker hung up before it got the job');
    } finally {
      conclude(taker, []);
    }
  }

  return (taker: Taker): Promise<void> => {
    const { endpoint, workerId, leaseMs, max } = taker;
    if (isDone(taker) || paused.has(endpoint)) {
      conclude(taker, []);
      return Promise.resolve();
    }
    const acceptsSuspects = queue.held.count(workerId) === 0;
    const seen = work.version(endpoint);
    return queue.take({ endpoint, workerId, leaseMs, max, acceptsSuspects }).then(
      (taken) => {
        if (taken.length === 0 && acceptsSuspects) work.clear(endpoint, seen);
        if (taker.hangUp.aborted) return handBack(taker, taken);
        conclude(
          taker,
          taken.map(({ after }) => after),
        );
      },
      (error: unknown) => {
        conclude(taker, []);
        throw error;
      },
    );
  };
}
