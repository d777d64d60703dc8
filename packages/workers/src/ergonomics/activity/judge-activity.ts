import type { ActivitySettings } from './activity-settings.ts';
import {
  type AngleSeries,
  append,
  findHeld,
  findMovements,
  findRapid,
  findRepeated,
  longestGap,
  merged,
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
  series: AngleSeries,
  names: readonly string[],
  settings: ActivitySettings,
): Activity {
  const maxGap = settings.max_gap_seconds ?? longestGap(series.times);
  const { static_seconds, static_tolerance_deg, movement_deg, rapid_deg, rapid_seconds } = settings;
  const held = { seconds: static_seconds, tolerance: static_tolerance_deg, maxGap };
  const movements = names.map((name) => findMovements(series, name, { degrees: movement_deg, maxGap }));
  const rapid = names.flatMap((name) => {
    const stretches: Stretch[] = [];
    for (const from of findRapid(series, name, { degrees: rapid_deg, seconds: rapid_seconds, maxGap }))
      append(stretches, { from, to: from + settings.rapid_hold_seconds });
    return stretches;
  });
  return {
    static: findHeld(series, names, held),
    repeated: merged(movements.flatMap((ends) => findRepeated(ends, settings.repeats_per_minute))),
    rapid: merged(rapid),
  };
}

/** 1 for each time that lies in one of the stretches; both are in the order of time. */
export function areWithin(stretches: readonly Stretch[], times: Float64Array): Uint8Array {
  let at = 0;
  return Uint8Array.from(times, (t) => {
    while ((stretches[at]?.to ?? Number.POSITIVE_INFINITY) < t) at += 1;
    return (stretches[at]?.from ?? Number.POSITIVE_INFINITY) <= t ? 1 : 0;
  });
}
