import { raisedForward } from './angles-2d.ts';
import {
  type BodyAngles,
  limbAngles,
  middleLine,
  middlesOf,
  ofSide,
  type Side,
  type SideAngles,
} from './body-angles.ts';
import type { Point, Pose } from './layouts.ts';
import { measure } from './measure.ts';
import { across, cross, degreesOf, dot, minus, unit, type Vector } from './vector.ts';

/**
 * Angles of points in space, in a right-handed system: flexion in the plane that the hips (for the trunk) or the
 * shoulders (for neck and arms) stand square to, bends to the side in the plane across, twist about the trunk.
 */
export const UPWARD = ['x', '-x', 'y', '-y', 'z', '-z'] as const;
export type Upward = (typeof UPWARD)[number];

function upVector(up: Upward): Vector {
  const sign = up.startsWith('-') ? -1 : 1;
  const axis = up.at(-1);
  return { x: axis === 'x' ? sign : 0, y: axis === 'y' ? sign : 0, z: axis === 'z' ? sign : 0 };
}

interface Frame {
  readonly up: Vector;
  readonly left: Vector;
  readonly forward: Vector;
}

/** Axes by what is up and where the left is; undefined where the two fall together. */
function frameOf(up: Vector | undefined, leftward: Vector): Frame | undefined {
  const left = up && unit(across(leftward, up));
  return up && left && { up, left, forward: cross(left, up) };
}

const forwardLean = (line: Vector, { forward, up }: Frame) =>
  degreesOf(Math.atan2(dot(line, forward), dot(line, up)));
const sideLean = (line: Vector, { left, up }: Frame) => degreesOf(Math.atan2(dot(line, left), dot(line, up)));

export function measureSpace(pose: Pose, upward: Upward): BodyAngles {
  const { shoulders, hips } = middlesOf(pose);
  const [back, nape] = [middleLine(pose, 'hip', 'shoulder'), middleLine(pose, 'shoulder', 'ear')];
  const vertical = upVector(upward);
  const { left_hip: leftHip, right_hip: rightHip, left_shoulder: left, right_shoulder: right } = pose;
  const trunk = (lean: typeof forwardLean) =>
    measure([back?.from, back?.to, leftHip, rightHip], (low, high, a, b) => {
      const frame = frameOf(vertical, minus(a, b));
      return frame && lean(minus(high, low), frame);
    });
  const neck = (lean: typeof forwardLean) =>
    measure([back?.from, back?.to, nape?.from, nape?.to, left, right], (low, high, start, ear, a, b) => {
      const frame = frameOf(unit(minus(high, low)), minus(a, b));
      return frame && lean(minus(ear, start), frame);
    });
  const twist = measure([hips, shoulders, leftHip, rightHip, left, right], (low, high, a, b, c, d) => {
    const axis = unit(minus(high, low));
    if (!axis) return undefined;
    const [below, above] = [across(minus(a, b), axis), across(minus(c, d), axis)];
    return Math.abs(degreesOf(Math.atan2(dot(cross(below, above), axis), dot(below, above))));
  });
  const either = (one: ReturnType<typeof trunk>) => one && { ...one, degrees: Math.abs(one.degrees) };
  return {
    trunk_flexion: trunk(forwardLean),
    trunk_side_bend: either(trunk(sideLean)),
    trunk_twist: twist,
    neck_flexion: neck(forwardLean),
    neck_side_bend: either(neck(sideLean)),
    left: sideOf(pose, 'left'),
    right: sideOf(pose, 'right'),
  };
}

function sideOf(pose: Pose, side: Side): SideAngles {
  const back = middleLine(pose, 'hip', 'shoulder');
  const arm = (angle: (line: Vector, frame: Frame) => number) =>
    measure(
      [
        back?.from,
        back?.to,
        pose.left_shoulder,
        pose.right_shoulder,
        ofSide(pose, side, 'shoulder'),
        ofSide(pose, side, 'elbow'),
      ],
      (low: Point, high: Point, left: Point, right: Point, shoulder: Point, elbow: Point) => {
        const frame = frameOf(unit(minus(high, low)), minus(left, right));
        return frame && angle(minus(elbow, shoulder), frame);
      },
    );
  const outward = side === 'left' ? 1 : -1;
  return {
    ...limbAngles(pose, side),
    upper_arm_flexion: arm((line, { forward, up }) =>
      raisedForward(degreesOf(Math.atan2(dot(line, forward), -dot(line, up)))),
    ),
    // Against the plane that divides left from right, so that an arm held forward is not held away.
    upper_arm_abduction: arm((line, { left }) => {
      const share = (dot(line, left) * outward) / Math.hypot(line.x, line.y, line.z);
      return Math.max(0, degreesOf(Math.asin(Math.min(1, Math.max(-1, share)))));
    }),
  };
}
