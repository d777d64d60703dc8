/**
 * How attempts that run side by side in one worker share its time: in each moment, each of `n` has an n-th of it. The
 * worker's clock of shares advances by 1/n; an attempt's share is how far it went meanwhile, so that all shares together
 * are the time in which any ran.
 */
interface WorkerTime {
  /** What an attempt that had been there from the beginning would have got. */
  shareMs: number;
  at: number;
  /** Where the clock of shares stood when each attempt began. */
  readonly begun: Map<string, number>;
}

export type SharedTime = ReturnType<typeof createSharedTime>;

export function createSharedTime() {
  const workers = new Map<string, WorkerTime>();

  function shareAt(worker: WorkerTime, now: number): number {
    return worker.shareMs + Math.max(0, now - worker.at) / Math.max(1, worker.begun.size);
  }

  function advance(worker: WorkerTime, now: number): void {
    worker.shareMs = shareAt(worker, now);
    worker.at = Math.max(worker.at, now);
  }

  return {
    begin(workerId: string, attempt: string, now: number): void {
      const worker = workers.get(workerId) ?? { shareMs: 0, at: now, begun: new Map<string, number>() };
      workers.set(workerId, worker);
      advance(worker, now);
      worker.begun.set(attempt, worker.shareMs);
    },
    /** Its share if it ended now; undefined where its beginning was not seen. Changes nothing. */
    shareOf(workerId: string, attempt: string, now: number): number | undefined {
      const worker = workers.get(workerId);
      const begun = worker?.begun.get(attempt);
      return worker === undefined || begun === undefined ? undefined : shareAt(worker, now) - begun;
    },
    end(workerId: string, attempt: string, now: number): void {
      const worker = workers.get(workerId);
      if (!worker) return;
      advance(worker, now);
      worker.begun.delete(attempt);
      if (worker.begun.size === 0) workers.delete(workerId);
    },
  };
}
