import type { Clock } from '@spillway/sdk/clock';
import type { HangUp } from '../lib/hang-up.ts';

interface Request {
  readonly wireId: string;
  readonly overdueAt: number;
  isTold: boolean;
  /** Its grace time is over, and the worker was named for it. */
  isOverdue: boolean;
}

/** A worker that runs attempts on past their grace time: all of them, also those it was named for before. */
export interface Overdue {
  readonly workerId: string;
  readonly wireIds: readonly string[];
}

export interface StopRequestsOptions {
  readonly clock: Clock;
  /** The worker was overdue, and has ended all that it was overdue with. */
  readonly onSettled?: (workerId: string) => void;
}

export type StopRequests = ReturnType<typeof createStopRequests>;

/**
 * Attempts that a worker should stop because their job was cancelled or ran out of time. The worker hears of them on
 * its job-stop poll; one that does not obey within the grace time is reported as overdue, to be ended by force. Where it
 * can't be, its requests stay until it has ended what they name.
 */
export function createStopRequests({ clock, onSettled }: StopRequestsOptions) {
  const byWorker = new Map<string, Request[]>();
  const polls = new Map<string, Set<() => void>>();

  function untold(workerId: string): readonly string[] {
    const requests = (byWorker.get(workerId) ?? []).filter((request) => !request.isTold);
    for (const request of requests) request.isTold = true;
    return requests.map((request) => request.wireId);
  }

  function keep(workerId: string, isKept: (request: Request) => boolean): void {
    const requests = byWorker.get(workerId);
    if (!requests) return;
    const kept = requests.filter(isKept);
    if (kept.length > 0) byWorker.set(workerId, kept);
    else byWorker.delete(workerId);
    if (requests.some(isOverdue) && !kept.some(isOverdue)) onSettled?.(workerId);
  }

  function wake(workerId: string): void {
    for (const poll of polls.get(workerId) ?? []) poll();
  }

  return {
    add(workerId: string, wireId: string, graceMs: number): void {
      const requests = byWorker.get(workerId) ?? [];
      requests.push({ wireId, overdueAt: clock.now() + graceMs, isTold: false, isOverdue: false });
      byWorker.set(workerId, requests);
      wake(workerId);
    },
    has: (workerId: string, wireId: string): boolean =>
      byWorker.get(workerId)?.some((request) => request.wireId === wireId) ?? false,
    /** Wire ids that the worker has not heard of yet; held until there is one or the time is over. */
    async poll(workerId: string, holdMs: number, signal: HangUp): Promise<readonly string[]> {
      const atOnce = untold(workerId);
      if (atOnce.length > 0 || signal.aborted) return atOnce;
      const open = polls.get(workerId) ?? new Set();
      polls.set(workerId, open);
      await new Promise<void>((resolve) => {
        const end = () => {
          stopTimer();
          signal.removeEventListener('abort', end);
          open.delete(end);
          resolve();
        };
        const stopTimer = clock.timer(holdMs, end);
        signal.addEventListener('abort', end);
        open.add(end);
      });
      if (open.size === 0 && polls.get(workerId) === open) polls.delete(workerId);
      return signal.aborted ? [] : untold(workerId);
    },
    /** The worker reported the attempt's end. */
    obeyed: (workerId: string, wireId: string) => keep(workerId, (request) => request.wireId !== wireId),
    /** The worker takes with free hands: it runs nothing any more, whether it heard or not. */
    freeHands: (workerId: string) => keep(workerId, () => false),
    /**
     * The worker's heartbeat named the attempts it runs. One sent before it heard of a stop settles nothing, unless the
     * grace time is over, for some workers never ask what to stop.
     */
    stillRuns: (workerId: string, wireIds: ReadonlySet<string>) =>
      keep(workerId, ({ wireId, isTold, isOverdue: isLate }) => (!isTold && !isLate) || wireIds.has(wireId)),
    /** Workers that still run something past its grace time; each again only with a further attempt. */
    takeOverdue(): readonly Overdue[] {
      const now = clock.now();
      const overdue: Overdue[] = [];
      for (const [workerId, requests] of byWorker) {
        const late = requests.filter((request) => !request.isOverdue && request.overdueAt <= now);
        if (late.length === 0) continue;
        for (const request of late) request.isOverdue = true;
        overdue.push({ workerId, wireIds: requests.filter(isOverdue).map(({ wireId }) => wireId) });
      }
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

function isOverdue(request: Request): boolean {
  return request.isOverdue;
}
