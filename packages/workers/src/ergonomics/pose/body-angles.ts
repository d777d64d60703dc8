import type { Point, PointName, Pose } from './layouts.ts';
import { type Measured, measure, middle } from './measure.ts';
import { angleBetween, minus } from './vector.ts';

/**
 * The angles of a body, in degrees. Flexion is positive, extension negative; a hanging arm, a straight elbow and a
 * straight knee are 0, a raised arm up to 270. What a camera cannot see from where it stands is undefined.
 */
export interface BodyAngles {
  /** Trunk against the vertical, forward positive. */
  readonly trunk_flexion?: Measured | undefined;
  /** Either way, 0 and up. Only from the front, or of 3D points. */
  readonly trunk_side_bend?: Measured | undefined;
  /** Shoulders against hips about the trunk, either way. Only of 3D points. */
  readonly trunk_twist?: Measured | undefined;
  /** Neck (to the ears) against the trunk. */
  readonly neck_flexion?: Measured | undefined;
  readonly neck_side_bend?: Measured | undefined;
  readonly left: SideAngles;
  readonly right: SideAngles;
}

export interface SideAngles {
  /** Upper arm against the trunk, forward positive. */
  readonly upper_arm_flexion?: Measured | undefined;
  /** Away from the trunk to the side; only from the front, or of 3D points. */
  readonly upper_arm_abduction?: Measured | undefined;
  readonly lower_arm_flexion?: Measured | undefined;
  readonly knee_flexion?: Measured | undefined;
  /** Hand against forearm, either way; only where the layout has hands. */
  readonly wrist_flexion?: Measured | undefined;
}

export type Side = 'left' | 'right';
export const SIDES = ['left', 'right'] as const;
export const ofSide = (pose: Pose, side: Side, part: string): Point | undefined =>
  pose[`${side}_${part}` as PointName];

const PAIRS = ['shoulder', 'hip', 'ear'] as const;
type Pair = (typeof PAIRS)[number];
/** How far the two of a pair lie apart on an upright body, against the shoulders. */
const WIDTHS: Readonly<Record<Pair, number>> = { shoulder: 1, hip: 0.65, ear: 0.5 };

const pairOf = (pose: Pose, part: Pair) => [ofSide(pose, 'left', part), ofSide(pose, 'right', part)] as const;

/** Where the middle of a pair is; one of which only one was seen has it where the others of the body are as far apart. */
function middleOf(pose: Pose, part: Pair): Point | undefined {
  const [left, right] = pairOf(pose, part);
  const seen = left ?? right;
  if (!seen || (left && right)) return middle(left, right);
  for (const other of ['shoulder', 'hip'] as const) {
    const [a, b] = pairOf(pose, other);
    if (!a || !b) continue;
    const share = ((left ? -1 : 1) * WIDTHS[part]) / WIDTHS[other] / 2;
    const { x, y, z } = minus(a, b);
    return { ...seen, x: seen.x + share * x, y: seen.y + share * y, z: seen.z + share * z };
  }
  return undefined;
}

/** The points in the middle of the body; of a pair that nothing tells the middle of, the one that was seen. */
export function middlesOf(pose: Pose) {
  const of = (part: Pair) => middleOf(pose, part) ?? middle(...pairOf(pose, part));
  return { shoulders: of('shoulder'), hips: of('hip'), ears: of('ear') };
}

export interface Line {
  readonly from: Point;
  readonly to: Point;
}

/**
 * A line of the middle of the body, as from the hips to the shoulders. Where nothing tells a middle it lies along the side
 * that was seen at both ends: from a middle to one side, or across, it would lean by up to the body's width.
 */
export function middleLine(pose: Pose, from: Pair, to: Pair): Line | undefined {
  const [start, end] = [middleOf(pose, from), middleOf(pose, to)];
  if (start && end) return { from: start, to: end };
  const along = SIDES.map((side) => [ofSide(pose, side, from), ofSide(pose, side, to)] as const);
  const [low, high] = along.find(([low, high]) => low && high) ?? [];
  return low && high && { from: low, to: high };
}

/** Angles between limbs, which are the same however the body stands. */
export function limbAngles(pose: Pose, side: Side): SideAngles {
  const at = (part: string) => ofSide(pose, side, part);
  const bend = (a: Point, joint: Point, b: Point) => 180 - angleBetween(minus(a, joint), minus(b, joint));
  const coincide = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z) < 1e-9;
  const joint = (from: string, middle: string, to: string) =>
    measure([at(from), at(middle), at(to)], (a, b, c) =>
      coincide(a, b) || coincide(b, c) ? undefined : bend(a, b, c),
    );
  return {
    lower_arm_flexion: joint('shoulder', 'elbow', 'wrist'),
    knee_flexion: joint('hip', 'knee', 'ankle'),
    wrist_flexion: joint('elbow', 'wrist', 'hand'),
  };
}
