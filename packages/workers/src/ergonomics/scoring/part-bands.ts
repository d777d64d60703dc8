import type { ScoringSettings } from './scoring-settings.ts';

/**
 * Which score an angle, or a load, has in RULA and REBA before anything is added for twists, support and so on. Degrees:
 * flexion positive, extension negative; the elbow and the knee are 0 when straight. An angle on the edge of two bands
 * belongs to the lower one.
 */
export const METHODS_WITH_PARTS = ['rula', 'reba'] as const;
export type Method = (typeof METHODS_WITH_PARTS)[number];

type Score = (degrees: number, settings: ScoringSettings) => number;

/** First band whose upper limit holds `value`, from 1. */
const band = (value: number, limits: readonly number[]): number => {
  const at = limits.findIndex((limit) => value <= limit);
  return (at < 0 ? limits.length : at) + 1;
};

const rulaUpperArm: Score = (degrees, { rula_upper_arm_neutral_deg: neutral }) =>
  degrees < -neutral ? 2 : band(degrees, [neutral, 45, 90]);
const rebaUpperArm: Score = (degrees) => (degrees < -20 ? 2 : band(degrees, [20, 45, 90]));
const lowerArm: Score = (degrees) => (degrees >= 60 && degrees <= 100 ? 1 : 2);

const rulaWrist: Score = (degrees, settings) =>
  band(Math.abs(degrees), [settings.wrist_neutral_tolerance_deg, 15]);
const rebaWrist: Score = (degrees) => band(Math.abs(degrees), [15]);

const rulaNeck: Score = (degrees, settings) =>
  degrees < -settings.neck_extension_tolerance_deg ? 4 : band(degrees, [10, 20]);
const rebaNeck: Score = (degrees, settings) =>
  degrees < -settings.neck_extension_tolerance_deg ? 2 : band(degrees, [20]);

/** The paper has no band for leaning back; beyond the tolerance tools give 2. */
const rulaTrunk: Score = (degrees, { upright_tolerance_deg: upright }) =>
  Math.abs(degrees) <= upright ? 1 : degrees < 0 ? 2 : band(degrees, [upright, 20, 60]);
const rebaTrunk: Score = (degrees, { upright_tolerance_deg: upright }) => {
  if (Math.abs(degrees) <= upright) return 1;
  return degrees < 0 ? band(-degrees, [upright, 20]) : band(degrees, [upright, 20, 60]);
};

export const PART_SCORES: Readonly<Record<Method, Readonly<Record<BandedPart, Score>>>> = {
  rula: {
    upper_arm: rulaUpperArm,
    lower_arm: lowerArm,
    wrist: rulaWrist,
    neck: rulaNeck,
    trunk: rulaTrunk,
  },
  reba: {
    upper_arm: rebaUpperArm,
    lower_arm: lowerArm,
    wrist: rebaWrist,
    neck: rebaNeck,
    trunk: rebaTrunk,
  },
};

export const BANDED_PARTS = ['upper_arm', 'lower_arm', 'wrist', 'neck', 'trunk'] as const;
export type BandedPart = (typeof BANDED_PARTS)[number];

/** What a bent knee adds to REBA's legs. */
export function kneeAddition(degrees: number, settings: ScoringSettings): number {
  if (degrees > 60) return 2;
  if (degrees === 30) return settings.reba_knee_at_30_deg;
  return degrees > 30 ? 1 : 0;
}

/** REBA's load score without shock, for which 1 is added. */
export function rebaLoad(kilograms: number, settings: ScoringSettings): number {
  if (kilograms === 10) return settings.reba_load_at_10_kg;
  return kilograms < 5 ? 0 : kilograms < 10 ? 1 : 2;
}

export const LOAD_PATTERNS = ['intermittent', 'static', 'repeated', 'shock'] as const;
export type LoadPattern = (typeof LOAD_PATTERNS)[number];

/** RULA's score of force or load. */
export function rulaForce(kilograms: number, pattern: LoadPattern, settings: ScoringSettings): number {
  if (pattern === 'shock') return 3;
  const isIntermittent = pattern === 'intermittent';
  if (kilograms < 2) return 0;
  if (kilograms <= 10) return isIntermittent ? 1 : 2;
  return isIntermittent && settings.rula_force === 'original' ? 2 : 3;
}
