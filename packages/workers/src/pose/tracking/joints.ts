import type { PoseKeypoint } from '../pose-estimator.ts';

/**
 * Where the joints of somebody who is followed were last seen, and where they are expected from there: each goes on as it
 * moved, for a moment; after that only with the body as a whole.
 */
export interface Joint {
  readonly x: number;
  readonly y: number;
  /** Pixels a second. */
  readonly speedX: number;
  readonly speedY: number;
  /** When it was seen. */
  readonly atMs: number;
}

/** In the order of the keypoints; null where a joint was never seen. Plain JSON. */
export type Joints = readonly (Joint | null)[];

export interface ExpectedJoint {
  readonly x: number;
  readonly y: number;
  /** Seconds since it was seen. */
  readonly age: number;
}

/** Less is no evidence of a joint. */
export const SEEN = 0.3;
/** Share of the newest speed, and the longest time between two places that tells a speed, seconds. */
const FRESH = 0.7;
const LONGEST_STEP = 0.6;
/** A limb has turned round after this time, and nobody goes on straight for longer than that, seconds. */
const OWN_WAY = 0.25;
const LONGEST_WAY = 1.2;
/** Joints whose ways differ by less than this part of the body's height go with it. */
const ALIKE = 0.08;
/** A body as a whole is no further from where it was expected; what is, is another's. */
const AWAY = { atOnce: 0.02, perSecond: 0.2 } as const;

export function followJoints(
  known: Joints | undefined,
  keypoints: readonly PoseKeypoint[],
  timeMs: number,
): Joints {
  return keypoints.map(([x, y, confidence], at) => {
    const before = known?.[at] ?? null;
    if (confidence < SEEN) return before;
    const step = before ? (timeMs - before.atMs) / 1000 : 0;
    const place = { x: round(x), y: round(y), atMs: timeMs };
    if (!before || step > LONGEST_STEP) return { ...place, speedX: 0, speedY: 0 };
    const speed = (from: number, to: number, old: number) =>
      round(FRESH * ((to - from) / step) + (1 - FRESH) * old);
    return {
      ...place,
      speedX: speed(before.x, x, before.speedX),
      speedY: speed(before.y, y, before.speedY),
    };
  });
}

/** How far the body as a whole is expected to have gone, `seconds` after it was seen, pixels. */
export function bodyWay(
  joints: Joints | undefined,
  seconds: number,
): { readonly x: number; readonly y: number } {
  const speed = bodySpeed(joints ?? []);
  const along = Math.min(seconds, LONGEST_WAY);
  return { x: speed.x * along, y: speed.y * along };
}

function bodySpeed(joints: Joints): { readonly x: number; readonly y: number } {
  const newest = Math.max(...joints.map((joint) => joint?.atMs ?? 0));
  const last = joints.filter((joint) => joint !== null && joint.atMs === newest) as Joint[];
  return { x: median(last.map(({ speedX }) => speedX)), y: median(last.map(({ speedY }) => speedY)) };
}

export function expectJoints(joints: Joints | undefined, timeMs: number): (ExpectedJoint | undefined)[] {
  if (!joints) return [];
  const body = bodySpeed(joints);
  return joints.map((joint) => {
    if (joint === null) return undefined;
    const age = (timeMs - joint.atMs) / 1000;
    const own = Math.min(age, OWN_WAY);
    const along = Math.min(age, LONGEST_WAY) - own;
    return {
      x: joint.x + joint.speedX * own + body.x * along,
      y: joint.y + joint.speedY * own + body.y * along,
      age,
    };
  });
}

/**
 * How far a body as a whole has gone from where it was expected: what most of its joints agree on, pixels. Undefined where
 * those that tell are few, or don't agree.
 */
export function bodyShift(
  expected: readonly (ExpectedJoint | undefined)[],
  keypoints: readonly PoseKeypoint[],
  height: number,
): { readonly x: number; readonly y: number } | undefined {
  const steps = keypoints.flatMap(([x, y, confidence], at) => {
    const place = expected[at];
    return place && confidence >= SEEN ? [{ x: x - place.x, y: y - place.y }] : [];
  });
  const shift = { x: median(steps.map(({ x }) => x)), y: median(steps.map(({ y }) => y)) };
  const agreed = steps.filter(({ x, y }) => Math.hypot(x - shift.x, y - shift.y) < ALIKE * height);
  if (agreed.length < 5 || agreed.length < steps.length / 2) return undefined;
  const age = Math.min(...expected.map((joint) => joint?.age ?? Number.POSITIVE_INFINITY));
  return Math.hypot(shift.x, shift.y) < (AWAY.atOnce + AWAY.perSecond * age) * height ? shift : undefined;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** The state of a tracker is kept as JSON. */
const round = (value: number) => Math.round(value * 10) / 10;
