const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Waits after the first, second, … failed try. RunPod gives up after two more tries; this goes on for a day, so that a
 * receiver may be down over night.
 */
const WAITS_MS = [
  10 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  8 * HOUR,
];

/** Spread of a wait, so that a receiver that comes back isn't met by everything at once. */
const JITTER = 0.2;

/**
 * Milliseconds until the next try after `failures` failed ones, or undefined to give up. `random` in [0, 1).
 */
export function decideNextTryMs(failures: number, random: number): number | undefined {
  const wait = WAITS_MS[failures - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 - JITTER + 2 * JITTER * random));
}
