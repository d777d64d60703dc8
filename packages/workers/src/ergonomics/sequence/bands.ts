/**
 * Bands of angles whose time is counted. Two schemes: those of EN 1005-4, as far as they are public, and the wider ones
 * that ergonomic time analyses of videos use. An angle on an edge belongs to the lower band.
 */
export interface AngleBand {
  /** Degrees; undefined for the last. */
  readonly upTo?: number;
  readonly name: string;
}

export type BandedAngle = 'trunk_flexion' | 'neck_flexion' | 'upper_arm_flexion';

export const BAND_SCHEMES = {
  en_1005_4: {
    trunk_flexion: [
      { upTo: -5, name: 'backward, not acceptable' },
      { upTo: 20, name: 'acceptable' },
      { upTo: 60, name: 'conditional' },
      { name: 'not acceptable' },
    ],
    neck_flexion: [
      { upTo: -5, name: 'backward, not acceptable' },
      { upTo: 40, name: 'acceptable' },
      { name: 'not acceptable' },
    ],
    upper_arm_flexion: [
      { upTo: -5, name: 'backward, not acceptable' },
      { upTo: 20, name: 'acceptable' },
      { upTo: 60, name: 'conditional' },
      { name: 'not acceptable' },
    ],
  },
  time_analysis: {
    trunk_flexion: [
      { upTo: -15, name: 'strong backward' },
      { upTo: 40, name: 'normal' },
      { upTo: 60, name: 'moderate forward' },
      { name: 'strong forward' },
    ],
    neck_flexion: [
      { upTo: -15, name: 'strong backward' },
      { upTo: 25, name: 'normal' },
      { upTo: 60, name: 'moderate forward' },
      { name: 'strong forward' },
    ],
    upper_arm_flexion: [
      { upTo: -0.5, name: 'behind the body' },
      { upTo: 40, name: 'normal' },
      { upTo: 60, name: 'moderate forward' },
      { name: 'strong forward' },
    ],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<BandedAngle, readonly AngleBand[]>>>>;

/** A stretch counts as long above this many seconds. */
const LONG_SECONDS = 4;

export interface BandTime {
  readonly name: string;
  readonly upTo: number | null;
  readonly seconds: number;
  readonly share: number;
  /** Of it in stretches longer than 4 seconds. */
  readonly seconds_in_long: number;
}

/** Time in each band of each sample's seconds; what was not seen (NaN) ends a stretch and counts nowhere. */
export function timeInBands(
  seconds: Float64Array,
  degrees: Float64Array,
  bands: readonly AngleBand[],
): BandTime[] {
  const total = bands.map(() => 0);
  const long = bands.map(() => 0);
  let current = -1;
  let lasted = 0;
  const end = () => {
    if (current >= 0 && lasted > LONG_SECONDS) long[current] = (long[current] ?? 0) + lasted;
    lasted = 0;
  };
  for (const [at, angle] of degrees.entries()) {
    const found = bands.findIndex(({ upTo }) => angle <= (upTo ?? 360));
    if (found !== current) end();
    current = found;
    if (found < 0) continue;
    const { [at]: own = 0 } = seconds;
    lasted += own;
    total[found] = (total[found] ?? 0) + own;
  }
  end();
  const seen = total.reduce((sum, one) => sum + one, 0);
  return bands.map(({ name, upTo }, at) => ({
    ...{ name, upTo: upTo ?? null, seconds: total[at] ?? 0 },
    share: seen > 0 ? (total[at] ?? 0) / seen : 0,
    seconds_in_long: long[at] ?? 0,
  }));
}
