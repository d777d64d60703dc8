import type { AngleTable } from '../pose/score-pose.ts';
import type { ScoredSample } from './score-sequence.ts';

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
/** Seconds between moments, and for which one has to last. */
const APART = 2;
const LASTING = 0.5;
const NEARLY = 1e-6;

/** RULA first, REBA where it is equal. */
const rankOf = ({ scored: { rula, reba } }: ScoredSample) =>
  rula === null || reba === null ? -1 : rula.grand * 100 + reba.final;

export function findWorstMoments(samples: readonly ScoredSample[]): WorstMoment[] {
  const stretches: { rank: number; seconds: number; samples: ScoredSample[] }[] = [];
  for (const sample of samples) {
    const rank = rankOf(sample);
    const last = stretches.at(-1);
    if (last && last.rank === rank) {
      last.samples.push(sample);
      last.seconds += sample.seconds;
    } else stretches.push({ rank, seconds: sample.seconds, samples: [sample] });
  }
  const chosen: ScoredSample[] = [];
  const moments: WorstMoment[] = [];
  const sorted = stretches
    .filter(({ rank, seconds }) => rank >= 0 && seconds >= LASTING - NEARLY)
    .toSorted((a, b) => b.rank - a.rank || b.seconds - a.seconds);
  for (const { samples: own } of sorted) {
    const sample = own[Math.floor(own.length / 2)];
    if (sample === undefined || chosen.some(({ t }) => Math.abs(t - sample.t) < APART)) continue;
    chosen.push(sample);
    moments.push(momentOf(sample, own, moments.length + 1));
    if (moments.length === MOST) break;
  }
  return moments;
}

function momentOf({ t, scored }: ScoredSample, own: readonly ScoredSample[], rank: number): WorstMoment {
  const last = own.at(-1);
  return {
    ...{ rank, t, side: scored.side },
    from: own[0]?.t ?? t,
    to: (last?.t ?? t) + (last?.seconds ?? 0),
    rula: scored.rula?.grand ?? 0,
    reba: scored.reba?.final ?? 0,
    angles: scored.angles,
    components: { rula: scored.rula?.components ?? {}, reba: scored.reba?.components ?? {} },
  };
}
