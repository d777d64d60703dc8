import { type Keypoint, type LayoutName, readPose } from '../pose/layouts.ts';
import { buildResult, type UsedModel } from '../results/result.ts';
import type { TimedPoses } from '../sequence/pose-track.ts';
import { scoreSequence } from '../sequence/score-sequence.ts';
import { VideoRefusal } from './people-source.ts';
import type { ScoredPerson } from './scored-person.ts';
import type { ProcessSettings } from './video-input.ts';

export interface PosedMoment {
  readonly timeMs: number;
  readonly people: readonly { readonly id: number; readonly keypoints: readonly Keypoint[] }[];
}

/** A list of them, or what makes them one after the other and knows how many it will be. */
export interface PosedMoments extends Iterable<PosedMoment> {
  readonly length: number;
}

/** What the report tells of the recording, by name, and what was found wrong with it. */
export interface AboutVideo {
  readonly details?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

/** The scores of one of the people who were seen. Where they are not seen the sample counts as a gap. */
export function scorePerson(
  moments: PosedMoments,
  person: number,
  layout: LayoutName,
  { observed, niosh, settings, title }: ProcessSettings,
  models: readonly UsedModel[],
  { details = {}, warnings = [] }: AboutVideo = {},
): ScoredPerson {
  const rule = { minConfidence: settings.min_confidence, is3d: false };
  if (moments.length < 2)
    throw new VideoRefusal(
      'The video is too short: at this quality there are fewer than two pictures of it to look at. Send a longer one, or take a higher quality.',
    );
  const poses: TimedPoses = {
    length: moments.length,
    *[Symbol.iterator]() {
      for (const { timeMs, people } of moments) {
        const seen = people.find(({ id }) => id === person);
        yield { t: timeMs / 1000, pose: seen ? readPose(layout, seen.keypoints, rule) : {} };
      }
    },
  };
  const sequence = scoreSequence(poses, observed, settings, false);
  const about = { title, details, warnings, layout, dimensions: 2, models } as const;
  const result = buildResult(sequence, { ...about, observed, niosh, settings });
  return { person, sequence, result };
}
