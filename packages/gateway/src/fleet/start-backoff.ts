/**
 * Failed starts of one endpoint in a row: how long to wait for the next one, and when to give up. Giving up is a
 * circuit breaker, not an end: one start is tried every five minutes, or at once when somebody asks.
 */
export interface StartBackoff {
  /** Failed starts in a row; 0 while starts work. */
  readonly failures: number;
  /** No start before this time. */
  readonly nextTryAt: number;
  /** Why the last start failed; empty while starts work. */
  readonly reason: string;
}

/** So many failed starts in a row, and the endpoint is given up. */
export const GIVE_UP_AFTER = 5;
export const RETRY_GIVEN_UP_MS = 300_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

export const NO_FAILURES: StartBackoff = Object.freeze({ failures: 0, nextTryAt: 0, reason: '' });

export function addFailure(backoff: StartBackoff, reason: string, now: number): StartBackoff {
  const failures = backoff.failures + 1;
  return { failures, reason, nextTryAt: now + delayAfter(failures) };
}

/** Allows one start at once; another failure brings the wait back. */
export function resumeStarts(backoff: StartBackoff, now: number): StartBackoff {
  return { ...backoff, nextTryAt: Math.min(backoff.nextTryAt, now) };
}

export function hasGivenUp({ failures }: StartBackoff): boolean {
  return failures >= GIVE_UP_AFTER;
}

/**
 * How many starts are allowed now. After a failure only one at a time: a command that can't start shouldn't be tried
 * `workers.max` times over.
 */
export function startsAllowed(backoff: StartBackoff, starting: number, now: number): number {
  if (backoff.failures === 0) return Number.POSITIVE_INFINITY;
  return now >= backoff.nextTryAt && starting === 0 ? 1 : 0;
}

/** 1, 2, 4 … 60 s; five minutes once given up. */
function delayAfter(failures: number): number {
  if (failures >= GIVE_UP_AFTER) return RETRY_GIVEN_UP_MS;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
}
