import type { LimbPosture, Posture } from './figure.ts';

/** How a figure moves: postures at moments, and what lies between them. All motions repeat without a jump. */
export interface Pose {
  readonly trunk: number;
  readonly neck: number;
  readonly left: LimbPosture;
  readonly right: LimbPosture;
}

const limb = (upperArm: number, elbow: number, knee: number): LimbPosture => ({ upperArm, elbow, knee });
const both = (trunk: number, neck: number, side: LimbPosture, other = side): Pose => ({
  ...{ trunk, neck, left: side, right: other },
});

/** Working postures seen from the side, degrees. */
export const POSES = {
  stand: both(3, 8, limb(6, 14, 5), limb(11, 18, 7)),
  stoop: both(82, -12, limb(78, 6, 28), limb(84, 9, 32)),
  squat: both(44, 4, limb(58, 18, 112), limb(65, 22, 106)),
  hold: both(-2, 12, limb(24, 84, 6), limb(31, 78, 9)),
  overhead: both(-6, -18, limb(148, 12, 4), limb(138, 20, 6)),
  reach: both(26, -4, limb(96, 8, 14), limb(18, 32, 18)),
  bench: both(17, 31, limb(38, 66, 8), limb(47, 58, 11)),
} as const satisfies Record<string, Pose>;

/** Likewise from the front: arms are lifted to the side. */
export const FRONT_POSES = {
  stand: both(0, 0, limb(12, 10, 3), limb(12, 12, 3)),
  tee: both(0, 0, limb(88, 4, 3), limb(86, 6, 3)),
  leanLeft: both(24, 10, limb(34, 28, 8), limb(62, 16, 8)),
  leanRight: both(-21, -14, limb(70, 12, 10), limb(30, 36, 10)),
  armsUp: both(0, 0, limb(150, 12, 4), limb(145, 18, 4)),
} as const satisfies Record<string, Pose>;

/** A posture is held, then changes within `moveMs` to the next one; the last one changes to the first. */
export interface Step {
  readonly pose: Pose;
  readonly holdMs: number;
  readonly moveMs: number;
}

export const lengthOf = (steps: readonly Step[]): number =>
  steps.reduce((sum, { holdMs, moveMs }) => sum + holdMs + moveMs, 0);

export function poseAt(steps: readonly Step[], timeMs: number): Pose {
  let left = timeMs % lengthOf(steps);
  for (const [index, { pose, holdMs, moveMs }] of steps.entries()) {
    if (left < holdMs) return pose;
    const next = steps[(index + 1) % steps.length]?.pose ?? pose;
    if (left < holdMs + moveMs) return blend(pose, next, ease((left - holdMs) / moveMs));
    left -= holdMs + moveMs;
  }
  throw new Error('A motion needs at least one step.');
}

/** Starts and ends at rest. */
const ease = (part: number) => part * part * (3 - 2 * part);

export function blend(a: Pose, b: Pose, part: number): Pose {
  const mix = (from: number, to: number) => from + (to - from) * part;
  const limbs = (from: LimbPosture, to: LimbPosture) => ({
    upperArm: mix(from.upperArm, to.upperArm),
    elbow: mix(from.elbow, to.elbow),
    knee: mix(from.knee, to.knee),
    thigh: mix(from.thigh ?? from.knee / 2, to.thigh ?? to.knee / 2),
  });
  return {
    ...{ trunk: mix(a.trunk, b.trunk), neck: mix(a.neck, b.neck) },
    ...{ left: limbs(a.left, b.left), right: limbs(a.right, b.right) },
  };
}

const STRIDE_MS = 1200;
const SWING = 23;

/** Of the height, per second. */
export const WALKING_SPEED = ((4 * Math.sin((SWING * Math.PI) / 180) * 0.49) / STRIDE_MS) * 1000;

export function walkAt(timeMs: number): Pose {
  const phase = (timeMs / STRIDE_MS) * 2 * Math.PI;
  const side = (turn: number): LimbPosture => ({
    upperArm: 4 - 18 * Math.sin(turn),
    elbow: 20 + 6 * Math.cos(turn),
    thigh: SWING * Math.sin(turn),
    // The leg that swings forward bends.
    knee: 9 + 34 * Math.max(0, Math.cos(turn)) ** 2,
  });
  return { trunk: 5, neck: 6, left: side(phase), right: side(phase + Math.PI) };
}

export const facing = (pose: Pose, view: Posture['view'], direction: 1 | -1): Posture => ({
  ...{ ...pose, view, facing: direction },
});
