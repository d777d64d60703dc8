import type { AngleTable } from '../pose/score-pose.ts';
import type { ScoredSequence } from './score-sequence.ts';

/**
 * The worst moments of a sequence: distinct and sustained, so that no jitter of a keypoint and no ten pictures of one bend
 * are shown.
 */
export interface WorstMoment {
  readonly rank: number;
  readonly t: number;
  readonly from: number;
  readonly to: number;
  readonly side: 'left' | 'right';
  readonly rula: number;
  readonly reba: number;
  /** Of that side and the middle, in degrees. */
  readonly angles: AngleTable;
  readonly components: { readonly rula: object; readonly reba: object };
}

const MOST = 10;
/** RULA acceptable and REBA negligible: nothing to be shown as bad. */
const GOOD = { rula: 2, reba: 1 };
/** Seconds between moments, and for which one has to last. */
const APART = 2;
const LASTING = 0.5;
const NEARLY = 1e-6;

/** Samples `[from, to)` of the same scores. */
interface Stretch {
  readonly rank: number;
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
}

export function findWorstMoments(sequence: ScoredSequence): WorstMoment[] {
  const { times } = sequence.samples;
  const chosen: number[] = [];
  const moments: WorstMoment[] = [];
  const sorted = stretchesOf(sequence).toSorted((a, b) => b.rank - a.rank || b.seconds - a.seconds);
  for (const stretch of sorted) {
    const at = stretch.from + Math.floor((stretch.to - stretch.from) / 2);
    const t = times[at] ?? 0;
    if (chosen.some((other) => Math.abs(other - t) < APART)) continue;
    chosen.push(t);
    moments.push(momentOf(sequence, stretch, at, moments.length + 1));
    if (moments.length === MOST) break;
  }
  return moments;
}

/** Those that last. */
function stretchesOf({ seconds, scores: { rula, reba } }: ScoredSequence): Stretch[] {
  const stretches: Stretch[] = [];
  let [rank, from, lasting] = [Number.NaN, 0, 0];
  const end = (to: number) => {
    if (rank >= 0 && lasting >= LASTING - NEARLY) stretches.push({ rank, from, to, seconds: lasting });
  };
  for (const [at, own] of seconds.entries()) {
    const next = rankOf(rula[at], reba[at]);
    if (next === rank) lasting += own;
    else {
      end(at);
      [rank, from, lasting] = [next, at, own];
    }
  }
  end(seconds.length);
  return stretches;
}

/** RULA first, REBA where it is equal; -1 where it is no moment: without scores, or with the best ones. */
function rankOf(rula = Number.NaN, reba = Number.NaN): number {
  const rank = rula * 100 + reba;
  return Number.isNaN(rank) || (rula <= GOOD.rula && reba <= GOOD.reba) ? -1 : rank;
}

function momentOf({ samples, seconds }: ScoredSequence, { from, to }: Stretch, at: number, rank: number) {
  const { times } = samples;
  const sample = samples.at(at);
  if (!sample) throw new RangeError(`there is no sample ${at}`);
  const { t, scored } = sample;
  return {
    ...{ rank, t, side: scored.side },
    from: times[from] ?? t,
    to: (times[to - 1] ?? t) + (seconds[to - 1] ?? 0),
    rula: scored.rula?.grand ?? 0,
    reba: scored.reba?.final ?? 0,
    angles: scored.angles,
    components: { rula: scored.rula?.components ?? {}, reba: scored.reba?.components ?? {} },
  };
}
