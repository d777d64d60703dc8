import { boxCentre, intersectionArea } from '../../detect/box.ts';
import type { BoundingBox } from '../../media/raster.ts';
import type { PoseKeypoint } from '../pose-estimator.ts';
import { bodyShift, type ExpectedJoint, SEEN } from './joints.ts';

/**
 * Whose is a joint where people stand before each other? A pose model puts what it can't see of somebody on who stands in
 * front, with no less confidence than anything else, and now and then what it can see, too. So near others a keypoint
 * counts only where it is surely the person's own:
 *
 * - it lies where the joint can have moved to since it was last seen;
 * - nobody else shows the same joint in the same place, unless it was expected there and theirs was not;
 * - somebody who is hidden right there, and so shows nothing, would not have theirs there.
 *
 * What is not surely their own keeps its place and gets confidence 0: it is missing, not wrong. People who are by
 * themselves keep everything.
 */
export interface Claimant {
  /** Where they were found; of who is hidden, where they are expected. */
  readonly box: BoundingBox;
  /** Undefined of who is hidden. */
  readonly keypoints?: readonly PoseKeypoint[] | undefined;
  /** By what was seen of them before this sample; empty for who was not. */
  readonly expected: readonly (ExpectedJoint | undefined)[];
}

/** All distances are parts of the body's height, ages are in seconds. */
interface Reach {
  readonly atOnce: number;
  readonly perSecond: number;
  /** What was not seen for longer tells nothing. */
  readonly upTo: number;
}

/** The trunk and the head go with the body; limbs swing. COCO's order, which all layouts begin with. */
const STEADY: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 11, 12]);
/** As far from where it is expected as a joint can be. */
const CAN_MOVE = {
  steady: { atOnce: 0.05, perSecond: 0.8, upTo: 1.5 },
  limb: { atOnce: 0.08, perSecond: 1, upTo: 1.5 },
} as const satisfies Record<string, Reach>;
/** As near to it as a place that two claim must be for one of them to have it. */
const IS_THEIRS = {
  steady: { atOnce: 0.03, perSecond: 0.3, upTo: 1 },
  limb: { atOnce: 0.04, perSecond: 0.4, upTo: 0.4 },
} as const satisfies Record<string, Reach>;
/** As near to it as what lies where somebody is hidden must be. */
const IS_SURE: Reach = { atOnce: 0.015, perSecond: 0.08, upTo: 0.4 };
/** Two keypoints this near are one joint. */
const SAME_PLACE = 0.035;
/** Whose it is must be expected this much nearer than the other's. */
const CLEARLY = 0.5;
/** Where somebody is hidden, the share of the keypoints of a find that have to be whose it is. */
const LEAST_OWN = 0.25;
/** Pose models look at three by four of a picture, with this part of the box's size on each side. */
const AROUND = 0.125;
const WIDE = 0.75;

/** @returns the keypoints of each, in their order; undefined of who is hidden. */
export function ownKeypoints(people: readonly Claimant[]): (readonly PoseKeypoint[] | undefined)[] {
  const placed = people.map(placeOf);
  return placed.map((person) => {
    const { keypoints, box } = person;
    if (!keypoints) return undefined;
    const others = placed.filter((other) => other !== person && !isDouble(person, other));
    const near = others.filter((other) => intersectionArea(grown(box), other.box) > 0);
    const seen = keypoints.flatMap(([, , confidence], at) => (confidence < SEEN ? [] : [at]));
    const own = new Set(seen.filter((at) => isOwn(person, { others, near }, at)));
    // A limb that is left of a body that is another's is no more theirs than the rest.
    const isTheirs = near.every((other) => other.keypoints) || own.size >= LEAST_OWN * seen.length;
    return keypoints.map((keypoint, at): PoseKeypoint => {
      const [x, y, confidence] = keypoint;
      return confidence < SEEN || (own.has(at) && (isTheirs || STEADY.has(at))) ? keypoint : [x, y, 0];
    });
  });
}

interface Placed extends Claimant {
  readonly height: number;
  /** The expected joints where the body as a whole has gone. */
  readonly carried: readonly (ExpectedJoint | undefined)[];
}

function placeOf(person: Claimant): Placed {
  const { box, keypoints = [], expected } = person;
  const height = Math.max(box.y_max - box.y_min, 1);
  const shift = bodyShift(expected, keypoints, height) ?? { x: 0, y: 0 };
  const carried = expected.map((joint) => joint && { ...joint, x: joint.x + shift.x, y: joint.y + shift.y });
  return { ...person, height, carried };
}

interface About {
  readonly others: readonly Placed[];
  /** Those of them who may show in the picture that the person's pose was read from. */
  readonly near: readonly Placed[];
}

function isOwn(person: Placed, { others, near }: About, at: number): boolean {
  const { height, keypoints, expected, carried } = person;
  const place = keypoints?.[at];
  if (!place) return false;
  const kind = STEADY.has(at) ? 'steady' : 'limb';
  const off = (from: ExpectedJoint | undefined) =>
    from ? distance(place, from) / height : Number.POSITIVE_INFINITY;
  const isWithin = ({ atOnce, perSecond, upTo }: Reach, from: ExpectedJoint | undefined) =>
    from !== undefined && from.age <= upTo && off(from) <= atOnce + perSecond * from.age;
  const known = near.length > 0 ? expected[at] : undefined;
  if (known && known.age <= CAN_MOVE[kind].upTo && !isWithin(CAN_MOVE[kind], known)) return false;
  const isHiddenThere = ({ keypoints: found, box }: Placed) => !found && isInside(place, box);
  if (near.some(isHiddenThere) && !(kind === 'steady' && isWithin(IS_SURE, carried[at]))) return false;
  return others.every((other) => {
    const claimed = other.keypoints?.[at];
    if (!claimed || claimed[2] < SEEN || distance(place, claimed) > SAME_PLACE * height) return true;
    return isWithin(IS_THEIRS[kind], carried[at]) && off(carried[at]) < CLEARLY * off(other.carried[at]);
  });
}

/** A find that nobody is known by and that shows the same joints is the same person, found twice. */
function isDouble(person: Claimant, other: Claimant): boolean {
  return other.expected.length === 0 && isSamePose(person, other);
}

function isSamePose({ keypoints = [], box }: Claimant, other: Claimant): boolean {
  const near = SAME_PLACE * (box.y_max - box.y_min);
  const pairs = keypoints.flatMap((keypoint, at): [PoseKeypoint, PoseKeypoint][] => {
    const theirs = other.keypoints?.[at];
    return theirs && keypoint[2] >= SEEN && theirs[2] >= SEEN ? [[keypoint, theirs]] : [];
  });
  return pairs.filter(([a, b]) => distance(a, b) <= near).length > pairs.length / 2;
}

/** What a pose model sees of a person, and so may take for theirs. */
function grown(box: BoundingBox): BoundingBox {
  const { x, y } = boxCentre(box);
  const height = box.y_max - box.y_min;
  const half = (0.5 + AROUND) * Math.max(box.x_max - box.x_min, WIDE * height);
  const tall = (0.5 + AROUND) * height;
  return { x_min: x - half, x_max: x + half, y_min: y - tall, y_max: y + tall };
}

function isInside([x, y]: PoseKeypoint, box: BoundingBox): boolean {
  const margin = AROUND * (box.y_max - box.y_min);
  return x > box.x_min - margin && x < box.x_max + margin && y > box.y_min - margin && y < box.y_max + margin;
}

function distance([x, y]: PoseKeypoint, to: PoseKeypoint | ExpectedJoint): number {
  return 'x' in to ? Math.hypot(x - to.x, y - to.y) : Math.hypot(x - to[0], y - to[1]);
}
