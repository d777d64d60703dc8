import { codeReba, codeRula } from '../scoring/code-posture.ts';
import type { RebaComponents, RulaComponents } from '../scoring/components.ts';
import type { Coded, Observed } from '../scoring/posture.ts';
import { type RebaScore, scoreReba } from '../scoring/reba.ts';
import { type RulaScore, scoreRula } from '../scoring/rula.ts';
import type { KeypointSettings } from '../settings.ts';
import { type BodyAngles, SIDES, type Side } from './body-angles.ts';
import type { Measured } from './measure.ts';
import { postureOfSide } from './posture-of-side.ts';
import type { Reading } from './read-angles.ts';

/** RULA and REBA of a body by its angles: both sides, and the worse of them. */
export type AngleTable = Readonly<Record<string, number>>;

export interface ScoredSide {
  readonly angles: AngleTable;
  readonly rula: ({ readonly components: RulaComponents } & RulaScore) | null;
  readonly reba: ({ readonly components: RebaComponents } & RebaScore) | null;
  readonly assumed: readonly string[];
  readonly missing: readonly string[];
}

export interface ScoredPose extends ScoredSide {
  /** The side that the scores above are of: the worse one. */
  readonly side: Side;
  readonly view: Reading['view'];
  /** A part that the scores rest on was not seen; it is in `missing` and counts as 1. */
  readonly partial: boolean;
  readonly confidence: AngleTable;
  readonly sides: Readonly<Record<Side, ScoredSide>>;
}

/** What is known of muscle use, of one side, from the time around a pose. */
export interface MuscleUse {
  readonly a: boolean;
  readonly b: boolean;
}

export function scorePose(
  reading: Reading,
  observed: Observed | Readonly<Record<Side, Observed>>,
  settings: KeypointSettings,
  muscle?: Readonly<Record<Side, MuscleUse>>,
): ScoredPose {
  const of = (side: Side) => ('left' in observed ? observed[side] : observed);
  const sides = {
    left: scoreSide(reading, 'left', of('left'), settings, muscle?.left),
    right: scoreSide(reading, 'right', of('right'), settings, muscle?.right),
  };
  const side = isWorse(sides.left, sides.right) ? 'left' : 'right';
  const worse = sides[side];
  return {
    ...worse,
    side,
    view: reading.view,
    partial: worse.missing.length > 0,
    confidence: tableOf(reading.angles, side, ({ confidence }) => confidence),
    sides,
  };
}

function scoreSide(
  { angles, isFacingAssumed }: Reading,
  side: Side,
  observed: Observed,
  settings: KeypointSettings,
  muscle?: MuscleUse,
): ScoredSide {
  const posture = postureOfSide(angles, side, observed, settings);
  const [rula, reba] = [codeRula(posture, settings, muscle), codeReba(posture, settings)];
  const missing = union(rula.missing, reba.missing);
  // Without the trunk there is no posture to speak of.
  const hasScores = posture.trunk_deg !== undefined;
  return {
    angles: tableOf(angles, side, ({ degrees }) => degrees),
    rula: hasScores ? { components: rula.components, ...scoreRula(rula.components) } : null,
    reba: hasScores ? { components: reba.components, ...scoreReba(reba.components) } : null,
    assumed: [...union(rula.assumed, reba.assumed), ...(isFacingAssumed ? ['facing'] : [])],
    missing,
  };
}

const union = (...lists: readonly Coded<unknown>['assumed'][]): string[] => [...new Set(lists.flat())];

/** RULA first, REBA where it is equal; of equal sides the one that was seen more of. */
function isWorse(a: ScoredSide, b: ScoredSide): boolean {
  const rank = ({ rula, reba, missing }: ScoredSide) => [
    rula?.grand ?? 0,
    reba?.final ?? 0,
    rula?.table_a ?? 0,
    -missing.length,
  ];
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at >= 0 && (left[at] ?? 0) > (right[at] ?? 0);
}

/** Of the angles of one side and of the middle those that are known; the knee that is bent more. */
function tableOf(angles: BodyAngles, side: Side, value: (angle: Measured) => number): AngleTable {
  const { left, right, ...middle } = angles;
  const knees = SIDES.flatMap((one) => angles[one].knee_flexion ?? []);
  const knee = knees.toSorted((a, b) => b.degrees - a.degrees)[0];
  const known = { ...middle, ...(side === 'left' ? left : right), knee_flexion: knee };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, angle]) => (angle ? [[name, rounded(value(angle))]] : [])),
  );
}

const rounded = (value: number) => Math.round(value * 100) / 100 + 0;
