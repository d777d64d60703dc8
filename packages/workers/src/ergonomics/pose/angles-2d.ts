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
import { angleBetween, degreesOf, minus, wrapDegrees } from './vector.ts';

/**
 * Angles in a picture. One camera measures only what moves in the plane of its picture: from the side flexion and
 * extension, from the front bends to the side and arms held away. What it cannot measure is left out.
 */
export type View = 'side' | 'front';
/** 1 where the body looks to the right of the picture, -1 to the left. */
export type Facing = 1 | -1;

/** Shoulders that lie further apart than this share of the trunk's length are seen from the front or from behind. */
const FRONT_FROM = 0.55;
/** A nose nearer to the ears than this share of the trunk's length says nothing. */
const LEAST_NOSE = 0.02;

export function decideView(pose: Pose): View {
  const { shoulders, hips } = middlesOf(pose);
  const { left_shoulder: left, right_shoulder: right } = pose;
  if (!shoulders || !hips || !left || !right) return 'side';
  const trunk = Math.hypot(shoulders.x - hips.x, shoulders.y - hips.y);
  return Math.hypot(left.x - right.x, left.y - right.y) > FRONT_FROM * trunk ? 'front' : 'side';
}

/** By the nose before the ears, or the toes before the heels; undefined where neither tells. */
export function decideFacing(pose: Pose): Facing | undefined {
  const { shoulders, hips, ears } = middlesOf(pose);
  const scale =
    shoulders && hips ? Math.hypot(shoulders.x - hips.x, shoulders.y - hips.y, shoulders.z - hips.z) : 0;
  const least = scale * LEAST_NOSE;
  const signs = [
    ears && pose.nose && aheadOf(pose.nose, ears, shoulders),
    pose.left_toe && pose.left_heel && pose.left_toe.x - pose.left_heel.x,
    pose.right_toe && pose.right_heel && pose.right_toe.x - pose.right_heel.x,
  ];
  const found = signs.find((sign) => sign !== undefined && Math.abs(sign) > least);
  return found === undefined ? undefined : found > 0 ? 1 : -1;
}

/**
 * How far the nose lies to the right of the ears, as seen by somebody who stands along the neck: of a body bent down to the
 * floor it points down or back in the picture, and still to where the body looks.
 */
function aheadOf(nose: Point, ears: Point, shoulders: Point | undefined): number {
  const [face, neck] = [minus(nose, ears), shoulders && minus(ears, shoulders)];
  const length = neck ? Math.hypot(neck.x, neck.y) : 0;
  return neck && length > 0 ? (neck.x * face.y - neck.y * face.x) / length : face.x;
}

/** Degrees by which a line leans forward from straight up. */
const lean = (from: Point, to: Point, facing: Facing): number | undefined => {
  const { x, y } = minus(to, from);
  return x === 0 && y === 0 ? undefined : degreesOf(Math.atan2(x * facing, -y));
};

/** @param facing as far as it is known; without it bodies are taken to look to where they lean. */
export function measurePicture(pose: Pose, view: View, facing: Facing): BodyAngles {
  const [back, nape] = [middleLine(pose, 'hip', 'shoulder'), middleLine(pose, 'shoulder', 'ear')];
  const leanOf = (a: Point, b: Point) => lean(a, b, facing);
  const trunk = measure([back?.from, back?.to], leanOf);
  const neck = measure([back?.from, back?.to, nape?.from, nape?.to], (hip, low, high, ear) => {
    const [below, above] = [leanOf(hip, low), leanOf(high, ear)];
    return below === undefined || above === undefined ? undefined : wrapDegrees(above - below);
  });
  const sides = { left: sideOf(pose, 'left', view, facing), right: sideOf(pose, 'right', view, facing) };
  if (view === 'side') return { trunk_flexion: trunk, neck_flexion: neck, ...sides };
  const either = (one: typeof trunk) => one && { ...one, degrees: Math.abs(one.degrees) };
  return { trunk_side_bend: either(trunk), neck_side_bend: either(neck), ...sides };
}

function sideOf(pose: Pose, side: Side, view: View, facing: Facing): SideAngles {
  const at = (part: string) => ofSide(pose, side, part);
  const limbs = limbAngles(pose, side);
  const back = middleLine(pose, 'hip', 'shoulder');
  if (view === 'front') {
    const abduction = measure(
      [back?.to, back?.from, at('shoulder'), at('elbow')],
      (top, bottom, shoulder, elbow) => angleBetween(minus(elbow, shoulder), minus(bottom, top)),
    );
    return { ...limbs, upper_arm_abduction: abduction };
  }
  const [top, bottom] = at('hip') ? [at('shoulder'), at('hip')] : [back?.to, back?.from];
  const flexion = measure([at('shoulder'), at('elbow'), top, bottom], (shoulder, elbow, high, low) => {
    const arm = lean(shoulder, elbow, facing);
    const trunk = lean(high, low, facing);
    return arm === undefined || trunk === undefined ? undefined : raisedForward(trunk - arm);
  });
  return { ...limbs, upper_arm_flexion: flexion };
}

/** An arm goes 90 degrees back at most, so that beyond it has been raised over the head. */
export function raisedForward(degrees: number): number {
  const wrapped = wrapDegrees(degrees);
  return wrapped < -90 ? wrapped + 360 : wrapped;
}
