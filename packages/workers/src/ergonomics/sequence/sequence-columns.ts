import { SIDES, type Side } from '../pose/body-angles.ts';
import type { Reading } from '../pose/read-angles.ts';
import type { ScoredSample, ScoredSamples } from './scored-sample.ts';

/**
 * What a sequence comes to, sample by sample, as one list of numbers for each figure; NaN where nothing is known. All that
 * is told of a whole sequence is made of these, so that no sample has to be kept.
 */
export type JointColumns = Readonly<Record<string, Float64Array>>;
export type ScoreColumns = Readonly<Record<ScoreName, Float64Array>>;

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

function degreesAt({ angles }: Reading, { angle, side }: Joint): number | undefined {
  const from: object = side === undefined ? angles : angles[side];
  return (from as Readonly<Record<string, { readonly degrees: number } | undefined>>)[angle]?.degrees;
}

/** Degrees of every joint, by its name. */
export function measureJoints(length: number, readingAt: (index: number) => Reading): JointColumns {
  const columns = JOINTS.map(() => new Float64Array(length));
  for (let at = 0; at < length; at += 1) {
    const reading = readingAt(at);
    for (const [index, joint] of JOINTS.entries()) {
      const column = columns[index];
      if (column) column[at] = degreesAt(reading, joint) ?? Number.NaN;
    }
  }
  return Object.fromEntries(JOINTS.map(({ name }, at) => [name, columns[at] ?? new Float64Array(length)]));
}

const SCORES = {
  rula: ({ scored }) => scored.rula?.grand,
  rula_level: ({ scored }) => scored.rula?.action_level,
  left_rula: ({ scored }) => scored.sides.left.rula?.grand,
  left_rula_level: ({ scored }) => scored.sides.left.rula?.action_level,
  right_rula: ({ scored }) => scored.sides.right.rula?.grand,
  right_rula_level: ({ scored }) => scored.sides.right.rula?.action_level,
  reba: ({ scored }) => scored.reba?.final,
  reba_level: ({ scored }) => scored.reba?.action_level,
  left_reba: ({ scored }) => scored.sides.left.reba?.final,
  left_reba_level: ({ scored }) => scored.sides.left.reba?.action_level,
  right_reba: ({ scored }) => scored.sides.right.reba?.final,
  right_reba_level: ({ scored }) => scored.sides.right.reba?.action_level,
  owas: ({ owas }) => owas ?? undefined,
  bridged: ({ isBridged }) => (isBridged ? 1 : 0),
  partial: ({ scored }) => (scored.partial ? 1 : 0),
  left_partial: ({ scored }) => (scored.sides.left.missing.length > 0 ? 1 : 0),
  right_partial: ({ scored }) => (scored.sides.right.missing.length > 0 ? 1 : 0),
} as const satisfies Readonly<Record<string, (sample: ScoredSample) => number | undefined>>;
export type ScoreName = keyof typeof SCORES;

export interface MeasuredScores {
  readonly scores: ScoreColumns;
  /** What counts as the most favourable because nothing is known of it, in any of the samples. */
  readonly assumed: readonly string[];
  /** How the body was looked at, in any of the samples. */
  readonly views: ReadonlySet<Reading['view']>;
}

/** Goes through all samples once. */
export function measureScores(samples: ScoredSamples): MeasuredScores {
  const columns = Object.entries(SCORES).map(
    ([name, value]) => [name, value, new Float64Array(samples.length)] as const,
  );
  const assumed = new Set<string>();
  const views = new Set<Reading['view']>();
  let at = 0;
  for (const sample of samples) {
    for (const [, value, column] of columns) column[at] = value(sample) ?? Number.NaN;
    for (const one of sample.scored.assumed) assumed.add(one);
    views.add(sample.reading.view);
    at += 1;
  }
  const scores = Object.fromEntries(columns.map(([name, , column]) => [name, column])) as ScoreColumns;
  return { scores, assumed: [...assumed], views };
}
