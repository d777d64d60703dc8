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

/** The points in the middle of the body. */
export function middlesOf(pose: Pose) {
  return {
    shoulders: middle(pose.left_shoulder, pose.right_shoulder),
    hips: middle(pose.left_hip, pose.right_hip),
    ears: middle(pose.left_ear, pose.right_ear),
  };
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
