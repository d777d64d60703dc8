const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;

/**
 * How long a job waits before its next delivery after `count` handler errors. A lost worker needs no wait: the fault
 * was the worker's, and the next one takes the job at once.
 */
export function decideBackoffMs(count: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, count - 1));
}
