import type { Color } from '../../media/rasterizer.ts';
import type { Side } from '../pose/body-angles.ts';
import type { ScoredPose } from '../pose/score-pose.ts';
import { SIDE_COLORS } from '../report/report-words.ts';
import { RISK_COLORS } from '../report/risk-levels.ts';

/** Colours of a drawn body: of each part by the score of its angle, and of each side. */
export type BodyPart =
  | 'trunk'
  | 'neck'
  | `${Side}_upper_arm`
  | `${Side}_lower_arm`
  | `${Side}_wrist`
  | 'legs';

export const rgbOf = (hex: string): Color => {
  const at = (from: number) => Number.parseInt(hex.slice(from, from + 2), 16);
  return [at(1), at(3), at(5)];
};

const [GREEN, YELLOW, ORANGE, , RED] = RISK_COLORS.map(rgbOf) as [Color, Color, Color, Color, Color];
/** Of a part of which nothing is known. */
export const UNKNOWN_COLOR: Color = [150, 156, 168];
export const SIDE_INKS: Readonly<Record<Side | 'middle', Color>> = {
  left: rgbOf(SIDE_COLORS.left),
  right: rgbOf(SIDE_COLORS.right),
  middle: [24, 27, 34],
};

/** RULA's scores of single parts, and REBA's of the legs, run from 1: as good as it can be. */
const colorOfScore = (score: number | undefined): Color =>
  score === undefined ? UNKNOWN_COLOR : ([GREEN, YELLOW, ORANGE][score - 1] ?? RED);

/** @param scored nothing where the moment has no score: all parts are then unknown. */
export function partColors(scored: ScoredPose | undefined): (part: BodyPart) => Color {
  const { left, right } = scored?.sides ?? {};
  const one = left ?? right;
  const known = (name: string, score: number | undefined, missing: readonly string[] = []) =>
    colorOfScore(missing.includes(name) ? undefined : score);
  const colors: Record<BodyPart, Color> = {
    trunk: known('trunk', one?.rula?.components.trunk, one?.missing),
    neck: known('neck', one?.rula?.components.neck, one?.missing),
    legs: known('knee', one?.reba?.components.legs, one?.missing),
    left_upper_arm: known('upper_arm', left?.rula?.components.upper_arm, left?.missing),
    left_lower_arm: known('lower_arm', left?.rula?.components.lower_arm, left?.missing),
    left_wrist: known('wrist', left?.rula?.components.wrist, left?.missing),
    right_upper_arm: known('upper_arm', right?.rula?.components.upper_arm, right?.missing),
    right_lower_arm: known('lower_arm', right?.rula?.components.lower_arm, right?.missing),
    right_wrist: known('wrist', right?.rula?.components.wrist, right?.missing),
  };
  return (part) => colors[part];
}
