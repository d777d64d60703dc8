import type { BoundingBox } from '../../media/raster.ts';
import type { PoseKeypoint } from '../pose-estimator.ts';
import { expectJoints } from './joints.ts';
import { expectBox } from './motion.ts';
import { ownKeypoints } from './own-keypoints.ts';
import type { TrackerState } from './tracker.ts';

export interface PosedBetween {
  readonly id: number;
  readonly box: BoundingBox;
  readonly keypoints: readonly PoseKeypoint[];
}

/** Of people between two finds what is surely their own, by what was known at the find before. */
export function keypointsBetween(
  { tracks }: TrackerState,
  timeMs: number,
  people: readonly PosedBetween[],
): (readonly PoseKeypoint[])[] {
  const expectedOf = (id: number) => expectJoints(tracks.find((track) => track.id === id)?.joints, timeMs);
  const seen = people.map(({ id, box, keypoints }) => ({ box, keypoints, expected: expectedOf(id) }));
  const hidden = tracks
    .filter(({ id, phase }) => phase !== 'new' && !people.some((person) => person.id === id))
    .map(({ id, motion, lastMs }) => ({
      box: expectBox(motion, (timeMs - lastMs) / 1000).box,
      expected: expectedOf(id),
    }));
  const own = ownKeypoints([...seen, ...hidden]);
  return people.map(({ keypoints }, at) => own[at] ?? keypoints);
}
