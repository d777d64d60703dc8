/** What the ergonomics worker, its callers and the page say of the same things. */

/** What the levels of RULA, REBA and OWAS mean, from the best to the worst. */
export interface RiskLevel {
  /** As the method numbers it. */
  readonly level: number;
  /** Lowest and highest score of the level. */
  readonly from: number;
  readonly to: number;
  /** Which of five risk colours it has, from 0 (none) to 4 (greatest). */
  readonly risk: 0 | 1 | 2 | 3 | 4;
  readonly name: string;
  /** What is to be done. */
  readonly action: string;
}

export const RISK_METHODS = ['rula', 'reba', 'owas'] as const;
export type RiskMethod = (typeof RISK_METHODS)[number];

export const RISK_LEVELS: Readonly<Record<RiskMethod, readonly RiskLevel[]>> = {
  rula: [
    { level: 1, from: 1, to: 2, risk: 0, name: 'acceptable', action: 'acceptable' },
    { level: 2, from: 3, to: 4, risk: 1, name: 'investigate', action: 'look into it' },
    { level: 3, from: 5, to: 6, risk: 2, name: 'change soon', action: 'look into it, change soon' },
    { level: 4, from: 7, to: 7, risk: 4, name: 'change now', action: 'change now' },
  ],
  reba: [
    { level: 0, from: 1, to: 1, risk: 0, name: 'negligible', action: 'negligible' },
    { level: 1, from: 2, to: 3, risk: 1, name: 'low', action: 'low, may need a change' },
    { level: 2, from: 4, to: 7, risk: 2, name: 'medium', action: 'medium, needs a change' },
    { level: 3, from: 8, to: 10, risk: 3, name: 'high', action: 'high, change soon' },
    { level: 4, from: 11, to: 15, risk: 4, name: 'very high', action: 'very high, change now' },
  ],
  owas: [
    { level: 1, from: 1, to: 1, risk: 0, name: 'normal', action: 'no action' },
    { level: 2, from: 2, to: 2, risk: 1, name: 'action in the near future', action: 'in the near future' },
    { level: 3, from: 3, to: 3, risk: 2, name: 'as soon as possible', action: 'as soon as possible' },
    { level: 4, from: 4, to: 4, risk: 4, name: 'immediately', action: 'at once' },
  ],
};

/** Width times height of a video's frames, 4096 x 4096: all forms of 4K and 5.3K pass, 8K does not. */
export const LARGEST_FRAME_PIXELS = 16_777_216;

/** How often a video is looked at in a second, by its `quality`. */
export const SAMPLES_PER_SECOND = { low: 3, medium: 6, high: 12, ultra: 30 } as const;
export type VideoQuality = keyof typeof SAMPLES_PER_SECOND;

/** Scores of so many take less than a gigabyte of a worker. */
const MOST_SAMPLES = 400_000;

/** Why a video of this length can't be scored in this quality, as a sentence; undefined where it can. */
export function tooLongForQuality(durationMs: number, quality: VideoQuality): string | undefined {
  const hours = durationMs / 3_600_000;
  const scored = MOST_SAMPLES / SAMPLES_PER_SECOND[quality] / 3600;
  // Also not of a quality that there is none of, which is somebody else's to tell.
  if (!(hours > scored)) return undefined;
  return `The video is ${hours.toFixed(1)} hours long; of quality "${quality}" at most ${scored.toFixed(1)} are scored. Take a lower quality, or send it in pieces.`;
}

/** Lifts that are told beside a video, for the NIOSH equation. */
export const LIFT_LIMITS = { lifts: 10, nameLength: 60 } as const;
/** For how long a day somebody lifts so, and how good the grip is. */
export const LIFT_DURATIONS = ['<=1h', '<=2h', '<=8h'] as const;
export type LiftDuration = (typeof LIFT_DURATIONS)[number];
export const LIFT_COUPLINGS = ['good', 'fair', 'poor'] as const;
export type LiftCoupling = (typeof LIFT_COUPLINGS)[number];
