import { usualStep } from '../activity/motion.ts';
import { smoothTrack } from '../signal/smooth-track.ts';
import type { PointTrack, PoseTrack } from './pose-track.ts';
import type { SequenceSettings } from './sequence-settings.ts';

/**
 * Smooths every coordinate of every point by itself, where it lies.
 * @returns 1 for each pose of which a point was not seen, and put between those before and after.
 */
export function smoothPoses({ times, points }: PoseTrack, settings: SequenceSettings): Uint8Array {
  const rule = {
    method: settings.smoothing,
    cutoffHz: settings.smoothing_cutoff_hz,
    beta: settings.smoothing_beta,
    bridgeSeconds: settings.bridge_seconds,
    // Where cameras skip a picture now and then it is still one movement.
    apartSeconds: Math.max(settings.bridge_seconds, 2.5 * usualStep(times)),
  };
  const isBridged = new Uint8Array(times.length);
  for (const point of points.values()) {
    const bridged = smoothTrack(times, point.x, rule);
    smoothTrack(times, point.y, rule);
    if (point.z) smoothTrack(times, point.z, rule);
    carryConfidence(point, bridged, settings.min_confidence);
    for (const [at, is] of bridged.entries()) if (is) isBridged[at] = 1;
  }
  return isBridged;
}

/** A bridged point is no surer than the one before it, and no surer than the limit. */
function carryConfidence({ confidence }: PointTrack, bridged: Uint8Array, limit: number): void {
  for (const [at, is] of bridged.entries()) {
    if (is) confidence[at] = Math.min(confidence[at - 1] ?? 0, limit);
  }
}
