import type { Keypoint, LayoutName } from './layouts.ts';

/**
 * A body of known angles in space, by forward kinematics, as keypoints of any layout: for tests, which can then say what
 * has to come out. Metres; y goes down, and without `yaw` the body looks along x, its left towards positive z.
 */
export interface SpaceAngles {
  readonly trunk: number;
  /** To the left; one of `trunk` and `sideBend` is 0. */
  readonly sideBend: number;
  readonly twist: number;
  readonly neck: number;
  readonly leftArm: number;
  readonly rightArm: number;
  /** Of the right arm, which then hangs neither forward nor back. */
  readonly rightAbduction: number;
  readonly elbow: number;
  readonly wrist: number;
  readonly knee: number;
  /** Where the body looks, about the vertical. */
  readonly yaw: number;
}

export const STANDING: SpaceAngles = {
  ...{ trunk: 0, sideBend: 0, twist: 0, neck: 0, leftArm: 0, rightArm: 0, rightAbduction: 0 },
  ...{ elbow: 0, wrist: 0, knee: 0, yaw: 0 },
};

type Triple = readonly [number, number, number];
const radians = (degrees: number) => (degrees * Math.PI) / 180;
const plus = (a: Triple, b: Triple, by = 1): Triple => [a[0] + b[0] * by, a[1] + b[1] * by, a[2] + b[2] * by];
const opposite = ([x, y, z]: Triple): Triple => [-x, -y, -z];

/** By Rodrigues' formula: `a` turned about a unit axis. */
function turned(a: Triple, axis: Triple, degrees: number): Triple {
  const [cos, sin] = [Math.cos(radians(degrees)), Math.sin(radians(degrees))];
  const along = (a[0] * axis[0] + a[1] * axis[1] + a[2] * axis[2]) * (1 - cos);
  const cross: Triple = [
    axis[1] * a[2] - axis[2] * a[1],
    axis[2] * a[0] - axis[0] * a[2],
    axis[0] * a[1] - axis[1] * a[0],
  ];
  return plus(plus([a[0] * cos, a[1] * cos, a[2] * cos], cross, sin), axis, along);
}

const UP: Triple = [0, -1, 0];
type Named = Readonly<Record<string, Triple>>;

export function poseInSpace(angles: SpaceAngles): Named {
  const [forward, left] = [turned([1, 0, 0], UP, angles.yaw), turned([0, 0, 1], UP, angles.yaw)];
  const lean = (a: Triple) => turned(turned(a, left, angles.trunk), forward, -angles.sideBend);
  const spine = lean(UP);
  const across = turned(lean(left), spine, angles.twist);
  const ahead = turned(lean(forward), spine, angles.twist);
  const hips: Triple = [2, 1, 3];
  const shoulders = plus(hips, spine, 0.5);
  const neck = turned(spine, across, angles.neck);
  const face = turned(ahead, across, angles.neck);
  const ears = plus(shoulders, neck, 0.2);
  const points: Record<string, Triple> = { nose: plus(ears, face, 0.1) };
  for (const side of ['left', 'right'] as const) {
    const sign = side === 'left' ? 1 : -1;
    const at = (middle: Triple, axis: Triple, half: number) => plus(middle, axis, sign * half);
    const shoulder = at(shoulders, across, 0.18);
    const flexion = side === 'left' ? angles.leftArm : angles.rightArm;
    const away = side === 'right' ? angles.rightAbduction : 0;
    // Forward about the line of the shoulders, to the right about where the chest looks.
    const arm = (bend: number) => turned(turned(opposite(spine), across, -flexion - bend), ahead, -away);
    const elbow = plus(shoulder, arm(0), 0.3);
    const wrist = plus(elbow, arm(angles.elbow), 0.25);
    const hip = at(hips, left, 0.12);
    const knee = plus(hip, turned(opposite(UP), left, -angles.knee / 2), 0.45);
    const ankle = plus(knee, turned(opposite(UP), left, angles.knee / 2), 0.42);
    const own = { shoulder, elbow, wrist, hip, knee, ankle };
    const more = {
      ear: at(ears, across, 0.07),
      eye: plus(at(ears, across, 0.03), face, 0.08),
      hand: plus(wrist, arm(angles.elbow + angles.wrist), 0.1),
      heel: plus(ankle, forward, -0.05),
      toe: plus(ankle, forward, 0.18),
    };
    for (const [name, point] of Object.entries({ ...own, ...more })) points[`${side}_${name}`] = point;
  }
  return points;
}

const COCO = ['ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'];
const BODY = ['nose', 'left_eye', 'right_eye', ...COCO.flatMap((part) => [`left_${part}`, `right_${part}`])];
/** As the makers of the layouts number them. */
const MORE: Readonly<Record<LayoutName, Readonly<Record<number, string>>>> = {
  coco17: {},
  halpe26: { 20: 'left_toe', 21: 'right_toe', 24: 'left_heel', 25: 'right_heel' },
  wholebody133: {
    ...{ 17: 'left_toe', 19: 'left_heel', 20: 'right_toe', 22: 'right_heel' },
    ...{ 100: 'left_hand', 121: 'right_hand' },
  },
};
const SIZES: Readonly<Record<LayoutName, number>> = { coco17: 17, halpe26: 26, wholebody133: 133 };

/** @param to what stands before the confidence of each point: all of it, or what a camera sees. */
export function keypointsOf(layout: LayoutName, points: Named, to: (point: Triple) => number[]): Keypoint[] {
  return Array.from({ length: SIZES[layout] }, (_, at) => {
    const point = points[BODY[at] ?? MORE[layout][at] ?? ''];
    return point ? [...to(point), 0.9] : null;
  });
}

/** From far away, with 200 pixels a metre. */
export const seenFrom = {
  /** Where the left of a body without yaw is. */
  left: ([x, y]: Triple) => [200 * x, 200 * y],
  front: ([, y, z]: Triple) => [200 * z, 200 * y],
} as const;
