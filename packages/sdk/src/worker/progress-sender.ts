import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';

/**
 * Sends progress values in order, one at a time. While one is under way only the newest is kept, so a slow server never
 * piles them up; what counts is that the last one arrives, and that none arrives after the final report.
 */
export interface ProgressSender {
  /** Takes the value as JSON text and returns at once. */
  offer(json: string): void;
  /** Sends what is left, once, and resolves when nothing is under way any more. Later offers are ignored. */
  flush(): Promise<void>;
  /** Forgets what is left; resolves when nothing is under way any more. Later offers are ignored. */
  discard(): Promise<void>;
}

/** Answers whether the value arrived or never will (`true`), or is worth another try (`false`); must not throw. */
export type PostProgress = (json: string) => Promise<boolean>;

const BOUNDS = { baseMs: 250, maxMs: 10_000 };

export function createProgressSender(post: PostProgress, clock: Clock, random: () => number): ProgressSender {
  let isClosed = false;
  /** Made when it is first needed, since most jobs tell no progress. */
  let pause: AbortController | undefined;
  let newest: string | undefined;
  let sending: Promise<void> | undefined;

  async function sendAll(): Promise<void> {
    let failures = 0;
    while (newest !== undefined) {
      const json = newest;
      newest = undefined;
      if (await post(json)) {
        failures = 0;
        continue;
      }
      if (isClosed) continue;
      newest ??= json;
      failures += 1;
      pause ??= new AbortController();
      await clock.sleep(backoffMs(failures, BOUNDS, random), pause.signal);
    }
    sending = undefined;
  }

  async function close(): Promise<void> {
    isClosed = true;
    pause?.abort();
    await sending;
  }

  return {
    offer(json) {
      if (isClosed) return;
      newest = json;
      sending ??= sendAll();
    },
    flush: close,
    discard() {
      newest = undefined;
      return close();
    },
  };
}
