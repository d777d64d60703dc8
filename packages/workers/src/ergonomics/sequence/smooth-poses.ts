import type { Point, PointName, Pose } from '../pose/layouts.ts';
import { smoothTrack } from '../signal/smooth-track.ts';
import type { SequenceSettings } from './sequence-settings.ts';

/** Poses over time with every coordinate of every point smoothed by itself. */
export interface SmoothPose {
  readonly pose: Pose;
  /** A point that was not seen was put between those before and after. */
  readonly isBridged: boolean;
}

export function smoothPoses(
  times: readonly number[],
  poses: readonly Pose[],
  settings: SequenceSettings,
): SmoothPose[] {
  const rule = {
    method: settings.smoothing,
    cutoffHz: settings.smoothing_cutoff_hz,
    beta: settings.smoothing_beta,
    bridgeSeconds: settings.bridge_seconds,
  };
  const names = [...new Set(poses.flatMap((pose) => Object.keys(pose)))] as PointName[];
  const result = poses.map(() => ({ pose: {} as Partial<Record<PointName, Point>>, isBridged: false }));
  for (const name of names) {
    const track = (axis: 'x' | 'y' | 'z') =>
      smoothTrack(
        times,
        poses.map((pose) => pose[name]?.[axis]),
        rule,
      );
    const [x, y, z] = [track('x'), track('y'), track('z')];
    let confidence = 0;
    for (const [at, frame] of result.entries()) {
      const [px, py, pz] = [x.values[at], y.values[at], z.values[at]];
      if (px === undefined || py === undefined || pz === undefined) continue;
      // A bridged point is no surer than the one before it, and no surer than the limit.
      confidence = poses[at]?.[name]?.confidence ?? Math.min(confidence, settings.min_confidence);
      frame.pose[name] = { x: px, y: py, z: pz, confidence };
      if (x.bridged[at] === true) frame.isBridged = true;
    }
  }
  return result;
}
