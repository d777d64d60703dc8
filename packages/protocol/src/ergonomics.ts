/**
 * What the levels of RULA, REBA and OWAS mean, from the best to the worst: the same wherever risk is shown, in the
 * worker's reports and on the page.
 */
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
