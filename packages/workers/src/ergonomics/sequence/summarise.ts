import { findMovements, longestGap, type Stretch } from '../activity/motion.ts';
import { BAND_SCHEMES, type BandedAngle, type BandTime, timeInBands } from './bands.ts';
import type { ScoredSequence } from './score-sequence.ts';
import { JOINTS, type Joint, type ScoreName } from './sequence-columns.ts';
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

export function summarise(sequence: ScoredSequence, settings: SequenceSettings) {
  const { samples, seconds, scores, activity } = sequence;
  const isScored = (at: number) => !Number.isNaN(scores.rula[at]);
  const total = secondsWhere(seconds, () => true);
  const scored = secondsWhere(seconds, isScored);
  const levels = (name: ScoreName, list: readonly number[]) => timeAtLevels(seconds, scores[name], list);
  const partialOf = (side: '' | 'left_' | 'right_') =>
    secondsWhere(seconds, (at) => isScored(at) && scores[`${side}partial`][at] === 1);
  const methods = (side: '' | 'left_' | 'right_') => ({
    rula: levels(`${side}rula_level`, LEVELS.rula),
    reba: levels(`${side}reba_level`, LEVELS.reba),
    highest_rula: highest(scores[`${side}rula`]),
    highest_reba: highest(scores[`${side}reba`]),
    partial_seconds: partialOf(side),
  });
  const end = (samples.times.at(-1) ?? 0) + (seconds.at(-1) ?? 0);
  // What counts for a while does so only as long as there is something to count.
  const within = ({ from, to }: Stretch): Stretch => ({ from, to: Math.min(to, end) });
  const stretches = (kind: 'static' | 'repeated' | 'rapid') =>
    Object.fromEntries(Object.entries(activity).map(([part, one]) => [part, one[kind].map(within)]));
  return {
    seconds: {
      ...{ total, scored, not_scored: total - scored },
      partial: partialOf(''),
      bridged: secondsWhere(seconds, (at) => scores.bridged[at] === 1),
    },
    worse_side: methods(''),
    left: methods('left_'),
    right: methods('right_'),
    owas: levels('owas', LEVELS.owas),
    bands: bandsOf(sequence),
    joints: JOINTS.map((joint) => jointOf(sequence, joint, settings)),
    static: stretches('static'),
    repeated: stretches('repeated'),
    rapid: stretches('rapid'),
    worst_moments: findWorstMoments(sequence),
  };
}

const secondsWhere = (seconds: Float64Array, isMeant: (at: number) => boolean): number =>
  seconds.reduce((total, one, at) => (isMeant(at) ? total + one : total), 0);

function timeAtLevels(seconds: Float64Array, scores: Float64Array, levels: readonly number[]): LevelTime[] {
  const times = levels.map((level) => secondsWhere(seconds, (at) => scores[at] === level));
  const known = times.reduce((total, one) => total + one, 0);
  return levels.map((level, at) => {
    const own = times[at] ?? 0;
    return { level, seconds: own, share: known > 0 ? own / known : 0 };
  });
}

function highest(scores: Float64Array): number | null {
  let most: number | null = null;
  for (const score of scores) if (!Number.isNaN(score)) most = Math.max(most ?? score, score);
  return most;
}

function jointOf(
  { samples: { times }, seconds: lasting, joints }: ScoredSequence,
  { name }: Joint,
  settings: SequenceSettings,
) {
  const degrees = joints[name] ?? new Float64Array();
  const maxGap = settings.max_gap_seconds ?? longestGap(times);
  let [seconds, turned] = [0, 0];
  let [min, max]: [number | null, number | null] = [null, null];
  for (const [at, angle] of degrees.entries()) {
    if (Number.isNaN(angle)) continue;
    const { [at]: own = 0 } = lasting;
    seconds += own;
    turned += angle * own;
    min = Math.min(min ?? angle, angle);
    max = Math.max(max ?? angle, angle);
  }
  const mean = turned / seconds;
  const series = { times, angles: { it: degrees } };
  return {
    ...{ joint: name, seconds, min, mean: Number.isFinite(mean) ? mean : null, max },
    movements: findMovements(series, 'it', { degrees: settings.movement_deg, maxGap }).length,
  };
}

export type BandTable = {
  readonly scheme: string;
  readonly joint: string;
  readonly bands: readonly BandTime[];
};

function bandsOf({ seconds, joints }: ScoredSequence): BandTable[] {
  return Object.entries(BAND_SCHEMES).flatMap(([scheme, parts]) =>
    JOINTS.filter(({ angle }) => angle in parts).map(({ name, angle }) => ({
      ...{ scheme, joint: name },
      bands: timeInBands(seconds, joints[name] ?? new Float64Array(), parts[angle as BandedAngle]),
    })),
  );
}
