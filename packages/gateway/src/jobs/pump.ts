import type { Job } from './job.ts';
import type { JobQueue } from './queue.ts';
import type { Taker, TakerLine, WorkFlags } from './taker-line.ts';

export interface PumpOptions {
  readonly queue: JobQueue;
  readonly line: TakerLine;
  readonly work: WorkFlags;
  /** Workers that get nothing any more. */
  readonly closed: ReadonlySet<string>;
  /** Endpoints whose jobs stay in the queue. */
  readonly paused: ReadonlySet<string>;
  /** The store failed (a full disk, say). The takers wait on, and the pump tries again when this resolves. */
  readonly onFailure: (error: unknown) => Promise<void>;
}

/** Brings ready jobs and waiting takers together, one pump at a time for each endpoint. */
export function createPump({ queue, line, work, closed, paused, onFailure }: PumpOptions) {
  const pumping = new Map<string, Promise<void>>();
  const offers = new Set<Promise<void>>();

  const isDone = (taker: Taker) => taker.isOver || taker.hangUp.aborted || closed.has(taker.workerId);
  /** A worker that runs a suspect runs it alone. */
  const isEligible = (taker: Taker) => !queue.held.hasSuspect(taker.workerId);

  async function leaseFor(taker: Taker): Promise<readonly Job[]> {
    const { endpoint, workerId, leaseMs, max } = taker;
    if (isDone(taker) || paused.has(endpoint)) return [];
    const acceptsSuspects = queue.held.count(workerId) === 0;
    const seen = work.version(endpoint);
    const taken = await queue.take({ endpoint, workerId, leaseMs, max, acceptsSuspects });
    if (taken.length === 0 && acceptsSuspects) work.clear(endpoint, seen);
    return taken.map(({ after }) => after);
  }

  async function serve(taker: Taker): Promise<void> {
    let jobs: readonly Job[] = [];
    try {
      jobs = await leaseFor(taker);
      if (taker.hangUp.aborted) {
        const undelivered = jobs;
        jobs = [];
        for (const job of undelivered)
          await queue.handBackJob(taker.workerId, job.id, 'the worker hung up before it got the job');
      }
    } finally {
      if (jobs.length === 0 && !isDone(taker)) line.park(taker);
      else taker.answer(jobs);
    }
  }

  async function pump(endpoint: string): Promise<void> {
    // Those who found nothing for them since a job last moved: busy ones where only suspects wait. Others behind them
    // in the line may have free hands.
    const inVain = new Set<Taker>();
    while (work.has(endpoint) && !paused.has(endpoint)) {
      const { ready } = queue.counts(endpoint);
      const takers = line.first(endpoint, ready, (taker) => isEligible(taker) && !inVain.has(taker));
      if (takers.length === 0) return;
      // Several at once, since their takes share one commit.
      for (const taker of takers) line.leave(taker);
      const served = await Promise.allSettled(takers.map(serve));
      const failed = served.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      const hasMoved = queue.counts(endpoint).ready !== ready || !takers.every((taker) => line.has(taker));
      if (hasMoved) inVain.clear();
      else for (const taker of takers) inVain.add(taker);
    }
  }

  function startPump(endpoint: string): void {
    if (pumping.has(endpoint) || paused.has(endpoint) || !work.has(endpoint)) return;
    if (line.first(endpoint, 1, isEligible).length === 0) return;
    const seen = work.version(endpoint);
    let hasFailed = false;
    const run = pump(endpoint)
      .catch((error: unknown) => {
        hasFailed = true;
        return onFailure(error);
      })
      .then(() => {
        pumping.delete(endpoint);
        // A change or a taker may have come between the pump's last look and its end.
        if (hasFailed || work.version(endpoint) !== seen) startPump(endpoint);
      });
    pumping.set(endpoint, run);
  }

  /** A ready job is being written, and none waits before it: the take of the first in the line shares its commit. */
  function offer(endpoint: string): void {
    if (paused.has(endpoint) || queue.counts(endpoint).ready > 0) return;
    const [taker] = line.first(endpoint, 1, isEligible);
    if (!taker) return;
    line.leave(taker);
    const offered = serve(taker)
      // It is back in its place, and the pump tries again where the job was written after all.
      .catch(() => {})
      .finally(() => offers.delete(offered));
    offers.add(offered);
  }

  return { start: startPump, offer, settled: () => Promise.all([...pumping.values(), ...offers]) };
}
