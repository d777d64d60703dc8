import type { ActivitySettings } from './activity-settings.ts';
import {
  findHeld,
  findMovements,
  findRapid,
  findRepeated,
  longestGap,
  merged,
  type Sample,
  type Stretch,
} from './motion.ts';

/** When a posture was held, when a movement came again and again, and when one was rapid. */
export interface Activity {
  readonly static: readonly Stretch[];
  readonly repeated: readonly Stretch[];
  /** Each rapid change counts for a while. */
  readonly rapid: readonly Stretch[];
}

/** @param names angles to look at: all of them together are a posture, each of them may move. */
export function judgeActivity(
  samples: readonly Sample[],
  names: readonly string[],
  settings: ActivitySettings,
): Activity {
  const maxGap = settings.max_gap_seconds ?? longestGap(samples);
  const { static_seconds, static_tolerance_deg, movement_deg, rapid_deg, rapid_seconds } = settings;
  const held = { seconds: static_seconds, tolerance: static_tolerance_deg, maxGap };
  const movements = names.map((name) => findMovements(samples, name, { degrees: movement_deg, maxGap }));
  const rapid = names.flatMap((name) =>
    findRapid(samples, name, { degrees: rapid_deg, seconds: rapid_seconds, maxGap }),
  );
  return {
    static: findHeld(samples, names, held),
    repeated: merged(movements.flatMap((ends) => findRepeated(ends, settings.repeats_per_minute))),
    rapid: merged(rapid.map((from) => ({ from, to: from + settings.rapid_hold_seconds }))),
  };
}

export const namesOf = (samples: readonly Sample[]): string[] => [
  ...new Set(samples.flatMap(({ angles }) => Object.keys(angles))),
];

export const isWithin = (stretches: readonly Stretch[], t: number): boolean =>
  stretches.some(({ from, to }) => t >= from && t <= to);
