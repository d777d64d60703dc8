import { type BackoffBounds, backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';
import type { Logger } from './log.ts';

/** Keeps count of failures in a row of one loop, says so once in a while, and waits longer each time. */
export interface Outage {
  readonly failures: number;
  /** Waits before the next try; cut short by `signal`. */
  wait(reason: string, retryAfterMs: number | undefined, signal: AbortSignal): Promise<void>;
  over(): void;
}

const BOUNDS: BackoffBounds = { baseMs: 250, maxMs: 10_000 };
const LONGEST_RETRY_AFTER_MS = 60_000;

export function createOutage(what: string, clock: Clock, random: () => number, log: Logger): Outage {
  let failures = 0;
  return {
    get failures() {
      return failures;
    },
    async wait(reason, retryAfterMs, signal) {
      failures += 1;
      if (failures === 1 || failures % 20 === 0) {
        log.warn(`${what} failed (${reason}), try ${failures}; trying again`);
      }
      const ownMs = backoffMs(failures, BOUNDS, random);
      const ms = Math.max(ownMs, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
      await clock.sleep(ms, signal);
    },
    over() {
      if (failures > 0) log.info(`${what} works again after ${failures} failed tries`);
      failures = 0;
    },
  };
}
