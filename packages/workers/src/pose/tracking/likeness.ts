import { boxCentre, intersectionOverUnion } from '../../detect/box.ts';
import type { BoundingBox } from '../../media/raster.ts';
import { type Look, lookDistance } from '../appearance.ts';
import type { PoseKeypoint } from '../pose-estimator.ts';
import { type ExpectedJoint, SEEN } from './joints.ts';
import type { Expected } from './motion.ts';

/** How little a person who was found resembles one who is followed, 0 to 1, by place, by posture and by colours. */
export interface Candidate {
  readonly box: BoundingBox;
  readonly keypoints?: readonly PoseKeypoint[] | undefined;
  readonly look?: Look | undefined;
}

/** The one who is followed: how they looked, and where they are expected. */
export interface Remembered {
  readonly look?: Look | undefined;
  readonly expected: Expected;
  readonly joints: readonly (ExpectedJoint | undefined)[];
}

/** Never the same person. */
export const IMPOSSIBLE = Number.POSITIVE_INFINITY;

const WEIGHTS = { place: 0.5, look: 0.3, posture: 0.2 } as const;
/** In standard deviations of where the middle is expected. */
const FARTHEST = 4;
/** Of a keypoint's place, part of the box's height: the width of the bell in which places count as the same. */
const KEYPOINT_SPREAD = 0.06;

/** Of somebody who was seen at the last sample, or not long ago near where they are expected. */
export function unlikeness(known: Remembered, found: Candidate): number {
  const place = placeDistance(known.expected, found.box);
  if (place === IMPOSSIBLE) return IMPOSSIBLE;
  const look = known.look && found.look ? lookDistance(known.look, found.look) : undefined;
  const posture = postureDistance(known, found);
  return weigh([
    [place, WEIGHTS.place],
    [look, WEIGHTS.look],
    [posture, WEIGHTS.posture],
  ]);
}

/** By the boxes alone: what scores too low to trust its colours. */
export function placeDistance({ box, spreadX, spreadY }: Expected, found: BoundingBox): number {
  const [a, b] = [boxCentre(box), boxCentre(found)];
  const height = box.y_max - box.y_min;
  // A sample's own error comes on top of what is expected.
  const noise = 0.05 * height;
  const off = Math.hypot((a.x - b.x) / Math.hypot(spreadX, noise), (a.y - b.y) / Math.hypot(spreadY, noise));
  const overlap = intersectionOverUnion(box, found);
  if (off > FARTHEST && overlap < 0.3) return IMPOSSIBLE;
  const sizes = Math.abs(Math.log((found.y_max - found.y_min) / Math.max(height, 1)));
  if (sizes > Math.log(2.2)) return IMPOSSIBLE;
  return Math.min(1, 0.5 * (1 - overlap) + 0.5 * Math.min(1, off / FARTHEST));
}

/** Postures change little between two samples: keypoints are compared with where the joints were going. */
function postureDistance({ joints }: Remembered, found: Candidate): number | undefined {
  if (!found.keypoints) return undefined;
  const expected = found.keypoints.map((_, at): PoseKeypoint => {
    const { [at]: joint } = joints;
    return joint ? [joint.x, joint.y, 1] : [0, 0, 0];
  });
  return keypointDistance(expected, found.keypoints, found.box);
}

/** 1 - the object keypoint similarity of what both show; undefined where that is less than five points. */
export function keypointDistance(
  a: readonly PoseKeypoint[],
  b: readonly PoseKeypoint[],
  box: BoundingBox,
): number | undefined {
  const spread = KEYPOINT_SPREAD * Math.max(box.y_max - box.y_min, 1);
  let sum = 0;
  let count = 0;
  for (const [at, [x, y, confidence]] of a.entries()) {
    const other = b[at];
    if (other === undefined || confidence < SEEN || other[2] < SEEN) continue;
    count += 1;
    sum += Math.exp(-((x - other[0]) ** 2 + (y - other[1]) ** 2) / (2 * spread * spread));
  }
  return count < 5 ? undefined : 1 - sum / count;
}

function weigh(parts: readonly (readonly [number | undefined, number])[]): number {
  let sum = 0;
  let weights = 0;
  for (const [value, weight] of parts) {
    if (value === undefined) continue;
    sum += value * weight;
    weights += weight;
  }
  return weights > 0 ? sum / weights : IMPOSSIBLE;
}
