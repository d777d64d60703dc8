import type { Point, PointName, Pose } from '../pose/layouts.ts';
import type { ScoredSample, ScoredSamples } from '../sequence/scored-sample.ts';
import type { OverlayPerson } from './overlay.ts';

/**
 * A scored person at any time between samples: the pose moves on a straight line from one sample to the next, so that a
 * video of more frames than samples runs smoothly; scores stay those of the sample. Over a gap nothing is known.
 */
export type PersonTrack = (t: number) => OverlayPerson;

const NEARLY = 1e-6;

export function createPersonTrack(id: string, samples: ScoredSamples): PersonTrack {
  const { times } = samples;
  const sampleAt = keepLast(samples);
  const indexBefore = (t: number): number => {
    let [low, high] = [-1, times.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((times[middle] ?? 0) <= t + NEARLY) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return (t) => {
    const at = indexBefore(t);
    const [sample, next] = [sampleAt(at), sampleAt(at + 1)];
    const unseen = { id, pose: undefined, scored: undefined, isFollowed: true };
    if (!sample || t > sample.t + sample.seconds + NEARLY) return unseen;
    const scored = sample.scored.rula === null ? undefined : sample.scored;
    if (Object.keys(sample.pose).length === 0) return { ...unseen, scored };
    const step = next ? next.t - sample.t : 0;
    const isNear = next !== undefined && step > 0 && step <= sample.seconds + NEARLY;
    const share = isNear ? Math.min(Math.max((t - sample.t) / step, 0), 1) : 0;
    return { id, pose: between(sample.pose, next?.pose ?? {}, share), scored, isFollowed: true };
  };
}

/** Samples are made when they are asked for, and the same two are for all frames between them. */
function keepLast(samples: ScoredSamples): (at: number) => ScoredSample | undefined {
  let kept: { readonly at: number; readonly sample: ScoredSample | undefined }[] = [];
  return (at) => {
    const found = kept.find((one) => one.at === at) ?? { at, sample: samples.at(at) };
    kept = [...kept.filter((one) => one !== found).slice(-1), found];
    return found.sample;
  };
}

/** A point that only the first of two poses has stays where it is. */
export function between(from: Pose, to: Pose, share: number): Pose {
  if (share === 0) return from;
  const pose: Partial<Record<PointName, Point>> = {};
  for (const [name, a] of Object.entries(from) as [PointName, Point][]) {
    const b = to[name];
    const along = (start: number, end: number) => start + (end - start) * share;
    pose[name] = b
      ? {
          x: along(a.x, b.x),
          y: along(a.y, b.y),
          z: along(a.z, b.z),
          confidence: Math.min(a.confidence, b.confidence),
        }
      : a;
  }
  return pose;
}
