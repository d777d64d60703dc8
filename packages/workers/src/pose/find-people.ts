import type { LayoutName } from '../ergonomics/pose/layouts.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import { type Look, lookAt } from './appearance.ts';
import type { PersonDetector } from './person-detector.ts';
import type { PoseEstimator, PoseKeypoint } from './pose-estimator.ts';

/**
 * What is computed of pictures, in a thread: people found and their poses, or the poses of people whose boxes are known.
 * All people of a request's pictures go through the estimator together.
 */
export interface FindRequest {
  readonly kind: 'find';
  readonly images: readonly RgbImage[];
  /** Score from which on a find counts, 0 to 1. */
  readonly threshold: number;
  readonly maxPeople: number;
}

export interface PoseRequest {
  readonly kind: 'pose';
  readonly images: readonly RgbImage[];
  /** For each picture, its people. */
  readonly boxes: readonly (readonly BoundingBox[])[];
}

export interface PosedPerson {
  readonly box: BoundingBox;
  /** 1 where the box was given. */
  readonly score: number;
  readonly keypoints: readonly PoseKeypoint[];
  readonly look: Look;
}

export interface PeopleReply {
  /** Undefined where there was nobody. */
  readonly layout?: LayoutName | undefined;
  /** For each picture; the finder's order, best first, or that of the boxes. */
  readonly people: readonly (readonly PosedPerson[])[];
}

export interface PeopleParts {
  readonly detector: PersonDetector;
  readonly estimator: PoseEstimator;
}

export async function answerPeople(
  { detector, estimator }: PeopleParts,
  request: FindRequest | PoseRequest,
  signal?: AbortSignal,
): Promise<PeopleReply> {
  const found: { box: BoundingBox; score: number }[][] = [];
  for (const [at, image] of request.images.entries()) {
    signal?.throwIfAborted();
    if (request.kind === 'pose') found.push((request.boxes[at] ?? []).map((box) => ({ box, score: 1 })));
    else found.push(await detector.find(image, { ...request, signal }));
  }
  const all = request.images.flatMap((image, at) => (found[at] ?? []).map(({ box }) => ({ image, box })));
  const estimates = await estimator.estimate(all, signal ? { signal } : {});
  let next = 0;
  const people = request.images.map((image, at) =>
    (found[at] ?? []).map(({ box, score }): PosedPerson => {
      const keypoints = estimates[next++]?.keypoints ?? [];
      return { box, score, keypoints, look: lookAt(image, box, keypoints) };
    }),
  );
  return { layout: estimates[0]?.layout, people };
}
