import type { Point, PointName, Pose } from '../pose/layouts.ts';

/**
 * Poses over time, kept small: for each point of the body one list of numbers a coordinate, half a kilobyte a pose in all.
 * Poses are made of them when they are asked for.
 */
export interface PoseTrack {
  /** Seconds, growing. */
  readonly times: Float64Array;
  /** In the order in which they were first seen. */
  readonly points: ReadonlyMap<PointName, PointTrack>;
  poseAt(index: number): Pose;
}

/** NaN where the point was not seen. */
export interface PointTrack {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Only of points in space. */
  readonly z: Float64Array | undefined;
  readonly confidence: Float64Array;
}

export interface TimedPose {
  /** Seconds, growing. */
  readonly t: number;
  readonly pose: Pose;
}

/** A list of them, or what makes them one after the other and knows how many it will be. */
export interface TimedPoses extends Iterable<TimedPose> {
  readonly length: number;
}

export function trackPoses(frames: TimedPoses, is3d: boolean): PoseTrack {
  const { length } = frames;
  const times = new Float64Array(length);
  const points = new Map<PointName, PointTrack>();
  const unseen = () => new Float64Array(length).fill(Number.NaN);
  let at = 0;
  for (const { t, pose } of frames) {
    times[at] = t;
    for (const [name, { x, y, z, confidence }] of Object.entries(pose) as [PointName, Point][]) {
      let point = points.get(name);
      if (point === undefined) {
        point = { x: unseen(), y: unseen(), z: is3d ? unseen() : undefined, confidence: unseen() };
        points.set(name, point);
      }
      point.x[at] = x;
      point.y[at] = y;
      if (point.z) point.z[at] = z;
      point.confidence[at] = confidence;
    }
    at += 1;
  }
  return { times, points, poseAt: (index) => poseOf(points, index) };
}

function poseOf(points: PoseTrack['points'], at: number): Pose {
  const pose: Partial<Record<PointName, Point>> = {};
  for (const [name, point] of points) {
    const { [at]: x = Number.NaN } = point.x;
    if (Number.isNaN(x)) continue;
    pose[name] = { x, y: point.y[at] ?? 0, z: point.z?.[at] ?? 0, confidence: point.confidence[at] ?? 0 };
  }
  return pose;
}
