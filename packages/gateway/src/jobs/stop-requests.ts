import type { Clock } from '@spillway/sdk/clock';
import type { HangUp } from '../lib/hang-up.ts';

interface Request {
  readonly wireId: string;
  readonly overdueAt: number;
  isTold: boolean;
  /** The worker asked for jobs since, or did when it was told: so it has a free hand, perhaps that of this attempt. */
  hasAsked: boolean;
  /** A heartbeat from after its grace time still names it. */
  isNamed: boolean;
  /** Its grace time is over, and the worker was named for it. */
  isOverdue: boolean;
}

/** One may be lost on its way. */
const BEATS_TO_WAIT = 2;

/** A worker that runs attempts on past their grace time: all of them, also those it was named for before. */
export interface Overdue {
  readonly workerId: string;
  readonly wireIds: readonly string[];
}

export interface StopRequestsOptions {
  readonly clock: Clock;
  /** Whether the worker holds a request for jobs open (default: none does). */
  readonly isAsking?: (workerId: string) => boolean;
  /** How often workers say what they run. */
  readonly heartbeatMs?: number | undefined;
  /** The worker was overdue, and has ended all that it was overdue with. */
  readonly onSettled?: (workerId: string) => void;
}

export type StopRequests = ReturnType<typeof createStopRequests>;

/**
 * Attempts that a worker should stop because their job was cancelled or ran out of time. The worker hears of them on
 * its job-stop poll; one that does not obey within the grace time is reported as overdue, to be ended by force. Where it
 * can't be, its requests stay until it has ended what they name.
 *
 * Workers report no end of what they stopped. One that runs several jobs and asks for more may have obeyed: its other
 * jobs would die for nothing, so a heartbeat from after the grace time decides, or that none comes.
 */
export function createStopRequests(options: StopRequestsOptions) {
  const { clock, onSettled, heartbeatMs = 10_000 } = options;
  const byWorker = new Map<string, Request[]>();
  const watchers = new Set<(workerId: string) => void>();
  const polls = createOpenPolls(clock);

  function untold(workerId: string): readonly string[] {
    const requests = (byWorker.get(workerId) ?? []).filter((request) => !request.isTold);
    const isAsking = requests.length > 0 && (options.isAsking?.(workerId) ?? false);
    for (const request of requests) {
      request.isTold = true;
      request.hasAsked ||= isAsking;
    }
    return requests.map((request) => request.wireId);
  }

  function keep(workerId: string, isKept: (request: Request) => boolean): void {
    const requests = byWorker.get(workerId);
    if (!requests) return;
    const kept = requests.filter(isKept);
    if (kept.length > 0) byWorker.set(workerId, kept);
    else byWorker.delete(workerId);
    if (requests.some(isOverdue) && !kept.some(isOverdue)) onSettled?.(workerId);
    if (kept.length < requests.length) tell(workerId);
  }

  function tell(workerId: string): void {
    for (const watcher of watchers) watcher(workerId);
  }

  return {
    add(workerId: string, wireId: string, graceMs: number): void {
      const requests = byWorker.get(workerId) ?? [];
      const overdueAt = clock.now() + graceMs;
      requests.push({ wireId, overdueAt, isTold: false, hasAsked: false, isNamed: false, isOverdue: false });
      byWorker.set(workerId, requests);
      polls.wake(workerId);
      tell(workerId);
    },
    /** Attempts that the worker may run yet, though their jobs no longer count as its. */
    count: (workerId: string): number => byWorker.get(workerId)?.length ?? 0,
    /** Calls `watcher` when a worker's count has changed, but not when the worker is gone. */
    watch(watcher: (workerId: string) => void): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    has: (workerId: string, wireId: string): boolean =>
      byWorker.get(workerId)?.some((request) => request.wireId === wireId) ?? false,
    /** Wire ids that the worker has not heard of yet; held until there is one or the time is over. */
    async poll(workerId: string, holdMs: number, signal: HangUp): Promise<readonly string[]> {
      const atOnce = untold(workerId);
      if (atOnce.length > 0 || signal.aborted) return atOnce;
      await polls.wait(workerId, holdMs, signal);
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
    stillRuns(workerId: string, wireIds: ReadonlySet<string>): void {
      keep(
        workerId,
        ({ wireId, isTold, isOverdue: wasLate }) => (!isTold && !wasLate) || wireIds.has(wireId),
      );
      for (const request of byWorker.get(workerId) ?? [])
        request.isNamed ||= wireIds.has(request.wireId) && request.overdueAt <= clock.now();
    },
    /** The worker asks for jobs while it runs some. */
    asks(workerId: string): void {
      for (const request of byWorker.get(workerId) ?? []) request.hasAsked = true;
    },
    /** Workers that still run something past its grace time; each again only with a further attempt. */
    takeOverdue: () => takeOverdue(byWorker, clock.now(), heartbeatMs),
    /** Answers the worker's open poll, for it may wait for that before it ends. */
    release: polls.wake,
    forget(workerId: string): void {
      byWorker.delete(workerId);
      polls.wake(workerId);
    },
    /** Answers every open poll. */
    stop: polls.wakeAll,
  };
}

function takeOverdue(
  byWorker: ReadonlyMap<string, readonly Request[]>,
  now: number,
  heartbeatMs: number,
): readonly Overdue[] {
  const overdue: Overdue[] = [];
  for (const [workerId, requests] of byWorker) {
    const late = requests.filter((request) => isLate(request, now - request.overdueAt, heartbeatMs));
    if (late.length === 0) continue;
    for (const request of late) request.isOverdue = true;
    overdue.push({ workerId, wireIds: requests.filter(isOverdue).map(({ wireId }) => wireId) });
  }
  return overdue;
}

/** The polls that are held open, by worker. */
function createOpenPolls(clock: Clock) {
  const byWorker = new Map<string, Set<() => void>>();
  const wake = (workerId: string): void => {
    for (const poll of byWorker.get(workerId) ?? []) poll();
  };
  return {
    wake,
    wakeAll(): void {
      for (const workerId of byWorker.keys()) wake(workerId);
    },
    /** Until the worker is woken, its time is over or it hung up. */
    async wait(workerId: string, holdMs: number, signal: HangUp): Promise<void> {
      const open = byWorker.get(workerId) ?? new Set();
      byWorker.set(workerId, open);
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
      if (open.size === 0 && byWorker.get(workerId) === open) byWorker.delete(workerId);
    },
  };
}

/** Whether a worker goes on with an attempt that should have ended `lateMs` ago. */
function isLate(request: Request, lateMs: number, heartbeatMs: number): boolean {
  if (request.isOverdue || lateMs < 0) return false;
  const mayHaveObeyed = request.isTold && request.hasAsked && !request.isNamed;
  return !mayHaveObeyed || lateMs >= BEATS_TO_WAIT * heartbeatMs;
}

function isOverdue(request: Request): boolean {
  return request.isOverdue;
}
