import type { Clock } from '@spillway/sdk/clock';

interface Request {
  readonly wireId: string;
  readonly overdueAt: number;
  isTold: boolean;
}

export type StopRequests = ReturnType<typeof createStopRequests>;

/**
 * Attempts that a worker should stop because their job was cancelled or ran out of time. The worker hears of them on
 * its job-stop poll; one that does not obey within the grace time is reported as overdue, to be ended by force.
 */
export function createStopRequests({ clock }: { clock: Clock }) {
  const byWorker = new Map<string, Request[]>();
  const polls = new Map<string, Set<() => void>>();

  function untold(workerId: string): readonly string[] {
    const requests = (byWorker.get(workerId) ?? []).filter((request) => !request.isTold);
    for (const request of requests) request.isTold = true;
    return requests.map((request) => request.wireId);
  }

  function keep(workerId: string, isKept: (request: Request) => boolean): void {
    const kept = (byWorker.get(workerId) ?? []).filter(isKept);
    if (kept.length > 0) byWorker.set(workerId, kept);
    else byWorker.delete(workerId);
  }

  function wake(workerId: string): void {
    for (const poll of polls.get(workerId) ?? []) poll();
  }

  return {
    add(workerId: string, wireId: string, graceMs: number): void {
      const requests = byWorker.get(workerId) ?? [];
      requests.push({ wireId, overdueAt: clock.now() + graceMs, isTold: false });
      byWorker.set(workerId, requests);
      wake(workerId);
    },
    /** Wire ids that the worker has not heard of yet; held until there is one or the time is over. */
    async poll(workerId: string, holdMs: number, signal: AbortSignal): Promise<readonly string[]> {
      const ended = new AbortController();
      const open = polls.get(workerId) ?? new Set();
      polls.set(workerId, open);
      const stop = () => ended.abort();
      open.add(stop);
      const atOnce = untold(workerId);
      if (atOnce.length === 0) await clock.sleep(holdMs, AbortSignal.any([signal, ended.signal]));
      open.delete(stop);
      if (open.size === 0) polls.delete(workerId);
      return atOnce.length > 0 || signal.aborted ? atOnce : untold(workerId);
    },
    /** The worker reported the attempt's end. */
    obeyed: (workerId: string, wireId: string) => keep(workerId, (request) => request.wireId !== wireId),
    /** The worker takes with free hands: it runs nothing any more, whether it heard or not. */
    freeHands: (workerId: string) => keep(workerId, () => false),
    /** The worker's heartbeat named the attempts it runs. One sent before it heard of a stop settles nothing. */
    stillRuns: (workerId: string, wireIds: ReadonlySet<string>) =>
      keep(workerId, (request) => !request.isTold || wireIds.has(request.wireId)),
    /** Workers that still run something past its grace time. Each is named once. */
    takeOverdue(): readonly string[] {
      const now = clock.now();
      const overdue = [...byWorker.keys()].filter((id) =>
        byWorker.get(id)?.some((request) => request.overdueAt <= now),
      );
      for (const workerId of overdue) byWorker.delete(workerId);
      return overdue;
    },
    /** Answers the worker's open poll, for it may wait for that before it ends. */
    release: wake,
    forget(workerId: string): void {
      byWorker.delete(workerId);
      wake(workerId);
    },
    /** Answers every open poll. */
    stop(): void {
      for (const workerId of polls.keys()) wake(workerId);
    },
  };
}
