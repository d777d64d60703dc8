export interface BackoffBounds {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row (from 1): doubles from `baseMs` up to `maxMs`. The upper
 * half of it is drawn at random (`random` in [0, 1)), so that workers that lost the same gateway don't return in step.
 */
export function backoffMs(failures: number, bounds: BackoffBounds, random: () => number): number {
  const full = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (random() * full) / 2;
}
