import type { Pose } from '../pose/layouts.ts';
import type { Reading } from '../pose/read-angles.ts';
import type { ScoredPose } from '../pose/score-pose.ts';

/** One moment of a sequence with everything that is known of it. */
export interface ScoredSample {
  readonly t: number;
  /** How long the sample stands for: until the next, but never over a gap. */
  readonly seconds: number;
  /** Smoothed. */
  readonly pose: Pose;
  readonly reading: Reading;
  readonly scored: ScoredPose;
  readonly owas: number | null;
  readonly isBridged: boolean;
}

/** Samples that are scored anew whenever they are asked for: as objects all of them would take 20 times the memory. */
export interface ScoredSamples extends Iterable<ScoredSample> {
  readonly length: number;
  /** Seconds, growing. */
  readonly times: Float64Array;
  at(index: number): ScoredSample | undefined;
}
