import { type Keypoint, type LayoutName, readPose } from '../pose/layouts.ts';
import { buildResult, type SequenceResult, type UsedModel } from '../results/result.ts';
import { scoreSequence } from '../sequence/score-sequence.ts';
import { VideoRefusal } from './people-source.ts';
import type { ScoredPerson } from './scored-person.ts';
import type { ProcessSettings } from './video-input.ts';

export interface PosedMoment {
  readonly timeMs: number;
  readonly people: readonly { readonly id: number; readonly keypoints: readonly Keypoint[] }[];
}

/** The scores of one of the people who were seen. Where they are not seen the sample counts as a gap. */
export function scorePerson(
  moments: Iterable<PosedMoment>,
  person: number,
  layout: LayoutName,
  { observed, settings, title }: ProcessSettings,
  models: readonly UsedModel[],
): ScoredPerson {
  const rule = { minConfidence: settings.min_confidence, is3d: false };
  const poses = Array.from(moments, ({ timeMs, people }) => {
    const seen = people.find(({ id }) => id === person);
    return { t: timeMs / 1000, pose: seen ? readPose(layout, seen.keypoints, rule) : {} };
  });
  if (poses.length < 2)
    throw new VideoRefusal('The video is too short: it has fewer than two pictures to look at.');
  const sequence = scoreSequence(poses, observed, settings, false);
  const built = buildResult(sequence, { title, layout, dimensions: 2, models, observed, settings });
  return { person, sequence, result: JSON.parse(JSON.stringify(built)) as SequenceResult };
}
