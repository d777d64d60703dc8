import { findMovements, longestGap, merged } from '../activity/motion.ts';
import { SIDES, type Side } from '../pose/body-angles.ts';
import type { ScoredSide } from '../pose/score-pose.ts';
import { BAND_SCHEMES, type BandedAngle, type BandTime, timeInBands } from './bands.ts';
import type { ScoredSample, ScoredSequence } from './score-sequence.ts';
import type { SequenceSettings } from './sequence-settings.ts';
import { findWorstMoments } from './worst-moments.ts';

/** What a sequence comes to: time per level, time per band of angles, joints, left against right, worst moments. */
export type Summary = ReturnType<typeof summarise>;

export interface LevelTime {
  readonly level: number;
  readonly seconds: number;
  /** Of the time that was scored. */
  readonly share: number;
}

const LEVELS = { rula: [1, 2, 3, 4], reba: [0, 1, 2, 3, 4], owas: [1, 2, 3, 4] } as const;

export function summarise({ samples, activity }: ScoredSequence, settings: SequenceSettings) {
  const sum = (list: readonly ScoredSample[]) => list.reduce((total, { seconds }) => total + seconds, 0);
  const scored = samples.filter(({ scored: { rula } }) => rula !== null);
  const total = sum(samples);
  const of = (method: 'rula' | 'reba', from: (sample: ScoredSample) => ScoredSide) =>
    timeAtLevels(samples, LEVELS[method], (sample) => from(sample)[method]?.action_level);
  const methods = (from: (sample: ScoredSample) => ScoredSide) => ({
    rula: of('rula', from),
    reba: of('reba', from),
    highest_rula: highest(samples, (sample) => from(sample).rula?.grand),
    highest_reba: highest(samples, (sample) => from(sample).reba?.final),
  });
  const stretches = (kind: 'static' | 'repeated' | 'rapid') =>
    Object.fromEntries(Object.entries(activity).map(([part, one]) => [part, one[kind]]));
  return {
    seconds: {
      total,
      scored: sum(scored),
      not_scored: total - sum(scored),
      partial: sum(scored.filter(({ scored: { partial } }) => partial)),
      bridged: sum(samples.filter(({ isBridged }) => isBridged)),
    },
    worse_side: methods(({ scored: worse }) => worse),
    left: methods(({ scored: { sides } }) => sides.left),
    right: methods(({ scored: { sides } }) => sides.right),
    owas: timeAtLevels(samples, LEVELS.owas, ({ owas }) => owas ?? undefined),
    bands: bandsOf(samples),
    joints: JOINTS.map((joint) => jointOf(samples, joint, settings)),
    static: stretches('static'),
    repeated: stretches('repeated'),
    rapid: stretches('rapid'),
    worst_moments: findWorstMoments(samples),
  };
}

function timeAtLevels(
  samples: readonly ScoredSample[],
  levels: readonly number[],
  levelOf: (sample: ScoredSample) => number | undefined,
): LevelTime[] {
  const seconds = levels.map((level) =>
    samples.reduce((total, sample) => total + (levelOf(sample) === level ? sample.seconds : 0), 0),
  );
  const known = seconds.reduce((total, one) => total + one, 0);
  return levels.map((level, at) => {
    const own = seconds[at] ?? 0;
    return { level, seconds: own, share: known > 0 ? own / known : 0 };
  });
}

function highest(samples: readonly ScoredSample[], scoreOf: (sample: ScoredSample) => number | undefined) {
  const scores = samples.flatMap((sample) => scoreOf(sample) ?? []);
  return scores.reduce<number | null>((most, score) => Math.max(most ?? score, score), null);
}

/** A joint: an angle of the middle of the body, or of one side. */
export interface Joint {
  readonly name: string;
  readonly angle: string;
  readonly side?: Side;
}

const ofBothSides = (angle: string): Joint[] =>
  SIDES.map((side) => ({ name: `${side}_${angle}`, angle, side }));
export const JOINTS: readonly Joint[] = [
  ...['trunk_flexion', 'trunk_side_bend', 'trunk_twist', 'neck_flexion', 'neck_side_bend'].map((angle) => ({
    name: angle,
    angle,
  })),
  ...[
    'upper_arm_flexion',
    'upper_arm_abduction',
    'lower_arm_flexion',
    'wrist_flexion',
    'knee_flexion',
  ].flatMap(ofBothSides),
];

export function degreesAt({ reading: { angles } }: ScoredSample, { angle, side }: Joint): number | undefined {
  const from: object = side === undefined ? angles : angles[side];
  return (from as Readonly<Record<string, { readonly degrees: number } | undefined>>)[angle]?.degrees;
}

function jointOf(samples: readonly ScoredSample[], joint: Joint, settings: SequenceSettings) {
  const seen = samples.flatMap((sample) => {
    const degrees = degreesAt(sample, joint);
    return degrees === undefined ? [] : [{ degrees, seconds: sample.seconds }];
  });
  const series = samples.map((sample) => ({ t: sample.t, angles: { it: degreesAt(sample, joint) } }));
  const maxGap = settings.max_gap_seconds ?? longestGap(series);
  const seconds = seen.reduce((total, one) => total + one.seconds, 0);
  const values = seen.map(({ degrees }) => degrees);
  const mean = seen.reduce((total, one) => total + one.degrees * one.seconds, 0) / seconds;
  const extreme = (pick: (a: number, b: number) => number) => values.reduce(pick, values[0] ?? 0);
  return {
    joint: joint.name,
    seconds,
    min: values.length > 0 ? extreme((a, b) => Math.min(a, b)) : null,
    mean: Number.isFinite(mean) ? mean : null,
    max: values.length > 0 ? extreme((a, b) => Math.max(a, b)) : null,
    movements: findMovements(series, 'it', { degrees: settings.movement_deg, maxGap }).length,
  };
}

export type BandTable = {
  readonly scheme: string;
  readonly joint: string;
  readonly bands: readonly BandTime[];
};

function bandsOf(samples: readonly ScoredSample[]): BandTable[] {
  return Object.entries(BAND_SCHEMES).flatMap(([scheme, parts]) =>
    JOINTS.filter(({ angle }) => angle in parts).map((joint) => ({
      scheme,
      joint: joint.name,
      bands: timeInBands(
        samples.map((sample) => ({ seconds: sample.seconds, degrees: degreesAt(sample, joint) })),
        parts[joint.angle as BandedAngle],
      ),
    })),
  );
}

/** Seconds of stretches that may overlap. */
export const secondsIn = (lists: readonly (readonly { readonly from: number; readonly to: number }[])[]) =>
  merged(lists.flat()).reduce((total, { from, to }) => total + to - from, 0);
