import type { Job } from './job.ts';
import type { JobQueue } from './queue.ts';
import type { Taker, TakerLine, WorkFlags } from './taker-line.ts';

export interface PumpOptions {
  readonly queue: JobQueue;
  readonly line: TakerLine;
  readonly work: WorkFlags;
  /** Workers that get nothing any more. */
  readonly closed: ReadonlySet<string>;
}

/** Brings ready jobs and waiting takers together, one pump at a time for each endpoint. */
export function createPump({ queue, line, work, closed }: PumpOptions) {
  const pumping = new Map<string, Promise<void>>();

  const isDone = (taker: Taker) => taker.isOver || taker.signal.aborted || closed.has(taker.workerId);
  /** A worker that runs a suspect runs it alone. */
  const isEligible = (taker: Taker) => !queue.held.of(taker.workerId).some((job) => job.isSuspect);

  async function leaseFor(taker: Taker): Promise<readonly Job[]> {
    const { endpoint, workerId, leaseMs } = taker;
    const jobs: Job[] = [];
    while (jobs.length < taker.max && !isDone(taker)) {
      const acceptsSuspects = queue.held.count(workerId) === 0;
      const seen = work.version(endpoint);
      const taken = await queue.take({ endpoint, workerId, leaseMs, acceptsSuspects });
      if (!taken) {
        if (acceptsSuspects) work.clear(endpoint, seen);
        break;
      }
      jobs.push(taken.after);
      if (taken.after.isSuspect) break;
    }
    return jobs;
  }

  async function serve(taker: Taker): Promise<void> {
    const jobs = await leaseFor(taker);
    if (jobs.length === 0 && !isDone(taker)) return line.park(taker);
    if (taker.signal.aborted) {
      for (const job of jobs)
        await queue.handBackJob(taker.workerId, job.id, 'the worker hung up before it got the job');
    }
    taker.answer(jobs);
  }

  async function pump(endpoint: string): Promise<void> {
    while (work.has(endpoint)) {
      const ready = queue.counts(endpoint).ready;
      const takers = line.waiting(endpoint).filter(isEligible).slice(0, ready);
      if (takers.length === 0) return;
      // Several at once, since their takes share one commit.
      for (const taker of takers) line.leave(taker);
      const before = queue.counts(endpoint).ready;
      await Promise.all(takers.map(serve));
      // Nothing moved (suspects that nobody here may take): the next change pumps again.
      if (queue.counts(endpoint).ready === before && takers.every((taker) => line.has(taker))) return;
    }
  }

  function startPump(endpoint: string): void {
    if (pumping.has(endpoint) || !work.has(endpoint) || !line.waiting(endpoint).some(isEligible)) return;
    const seen = work.version(endpoint);
    const run = pump(endpoint).then(() => {
      pumping.delete(endpoint);
      // A change or a taker may have come between the pump's last look and its end.
      if (work.version(endpoint) !== seen) startPump(endpoint);
    });
    pumping.set(endpoint, run);
  }

  return { start: startPump, settled: () => Promise.all(pumping.values()) };
}
