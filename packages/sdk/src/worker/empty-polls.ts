import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';

/**
 * Keeps a loop of long polls from spinning: a server that says "nothing" without holding the request is asked less and
 * less often, up to once a second. RunPod's own worker asks again at once.
 */
export interface EmptyPolls {
  /** Called after an empty answer to a poll that began at `startedAt`. */
  pause(startedAt: number, signal: AbortSignal): Promise<void>;
  reset(): void;
}

const QUICK_MS = 100;
const BOUNDS = { baseMs: 50, maxMs: 1_000 };

export function createEmptyPolls(clock: Clock, random: () => number): EmptyPolls {
  let inARow = 0;
  return {
    async pause(startedAt, signal) {
      if (clock.now() - startedAt >= QUICK_MS) {
        inARow = 0;
        return;
      }
      inARow += 1;
      await clock.sleep(backoffMs(inARow, BOUNDS, random), signal);
    },
    reset() {
      inARow = 0;
    },
  };
}
