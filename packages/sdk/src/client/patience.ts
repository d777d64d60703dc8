import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';
import { ApiError } from './api-error.ts';

/** Repeats a call that does no harm when it happens twice, while the server is away for a moment. */
export type Patience = <T>(call: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

const BOUNDS = { baseMs: 250, maxMs: 5_000 };

export interface PatienceParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly giveUpAfterMs: number;
  /** Is told why a call is repeated, before the wait. */
  readonly onRetry?: ((error: ApiError) => void) | undefined;
}

export function createPatience({ clock, random, giveUpAfterMs, onRetry }: PatienceParts): Patience {
  return async (call, signal) => {
    let awaySince: number | undefined;
    for (let failures = 1; ; failures += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isTransient) throw error;
        // Not from the start of a call that was held, or sent much, for longer than that.
        awaySince ??= clock.now();
        const waitMs = Math.max(backoffMs(failures, BOUNDS, random), error.retryAfterMs ?? 0);
        if (clock.now() - awaySince + waitMs > giveUpAfterMs) throw error;
        onRetry?.(error);
        await clock.sleep(waitMs, signal);
        signal?.throwIfAborted();
      }
    }
  };
}
