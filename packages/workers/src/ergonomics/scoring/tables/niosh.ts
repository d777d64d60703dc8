import type { LiftCoupling } from '@spillway/protocol/ergonomics';

/**
 * The revised NIOSH lifting equation: what its multipliers are read from.
 * Source: Waters TR, Putz-Anderson V, Garg A. Applications manual for the revised NIOSH lifting equation.
 * DHHS (NIOSH) Publication 94-110 (rev. 9/2021).
 */

/** Two columns: the hands begin below 75 cm (30 in), or at that height or above. */
type ByHeight = readonly [below: number, fromThere: number];

/** Frequency multipliers: lifts a minute, then a pair for each of `LIFT_DURATIONS`. Above the last row: 0. */
export const FREQUENCY_ROWS: readonly (readonly [liftsPerMinute: number, ...byDuration: ByHeight[]])[] = [
  [0.2, [1.0, 1.0], [0.95, 0.95], [0.85, 0.85]],
  [0.5, [0.97, 0.97], [0.92, 0.92], [0.81, 0.81]],
  [1, [0.94, 0.94], [0.88, 0.88], [0.75, 0.75]],
  [2, [0.91, 0.91], [0.84, 0.84], [0.65, 0.65]],
  [3, [0.88, 0.88], [0.79, 0.79], [0.55, 0.55]],
  [4, [0.84, 0.84], [0.72, 0.72], [0.45, 0.45]],
  [5, [0.8, 0.8], [0.6, 0.6], [0.35, 0.35]],
  [6, [0.75, 0.75], [0.5, 0.5], [0.27, 0.27]],
  [7, [0.7, 0.7], [0.42, 0.42], [0.22, 0.22]],
  [8, [0.6, 0.6], [0.35, 0.35], [0.18, 0.18]],
  [9, [0.52, 0.52], [0.3, 0.3], [0, 0.15]],
  [10, [0.45, 0.45], [0.26, 0.26], [0, 0.13]],
  [11, [0.41, 0.41], [0, 0.23], [0, 0]],
  [12, [0.37, 0.37], [0, 0.21], [0, 0]],
  [13, [0, 0.34], [0, 0], [0, 0]],
  [14, [0, 0.31], [0, 0], [0, 0]],
  [15, [0, 0.28], [0, 0], [0, 0]],
];

export const COUPLING_MULTIPLIERS: Readonly<Record<LiftCoupling, ByHeight>> = {
  good: [1.0, 1.0],
  fair: [0.95, 1.0],
  poor: [0.9, 0.9],
};
