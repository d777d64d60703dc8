import type { ActivitySettings } from '../activity/activity-settings.ts';
import { type Activity, areWithin, judgeActivity } from '../activity/judge-activity.ts';
import { longestGap, usualStep } from '../activity/motion.ts';
import { decideFacing, type Facing } from '../pose/angles-2d.ts';
import type { Side } from '../pose/body-angles.ts';
import type { Pose } from '../pose/layouts.ts';
import { readAngles } from '../pose/read-angles.ts';
import { scorePose } from '../pose/score-pose.ts';
import type { Observed } from '../scoring/posture.ts';
import { owasOf } from './owas-of-angles.ts';
import { type PoseTrack, type TimedPoses, trackPoses } from './pose-track.ts';
import type { ScoredSample, ScoredSamples } from './scored-sample.ts';
import { type JointColumns, type MeasuredScores, measureJoints, measureScores } from './sequence-columns.ts';
import type { SequenceSettings } from './sequence-settings.ts';
import { smoothPoses } from './smooth-poses.ts';

/** What was static, repeated or rapid: the trunk with neck and legs, and each arm. */
export type ActivityByPart = Readonly<Record<'body' | 'left_arm' | 'right_arm', Activity>>;

export interface ScoredSequence extends MeasuredScores {
  readonly samples: ScoredSamples;
  /** How long each sample stands for. */
  readonly seconds: Float64Array;
  readonly joints: JointColumns;
  readonly activity: ActivityByPart;
}

/**
 * From poses over time to a score of every sample: smoothed, read as angles, looked at for static, repeated and rapid work,
 * and then scored with what that adds. Kept are numbers in columns, less than a kilobyte a sample: an hour at six samples a
 * second takes 20 MB.
 */
export function scoreSequence(
  frames: TimedPoses,
  observed: Observed,
  settings: SequenceSettings,
  is3d: boolean,
): ScoredSequence {
  const track = trackPoses(frames, is3d);
  const { times, poseAt } = track;
  const isBridged = smoothPoses(track, settings);
  const facings = is3d ? [] : facingOverTime(track);
  const read = (pose: Pose, at: number) => readAngles(pose, settings, is3d, facings[at]);
  const joints = measureJoints(times.length, (at) => read(poseAt(at), at));
  const activity = activityOf(times, joints, settings);
  const usesAt = usesOverTime(times, activity, observed);
  const seconds = secondsOf(times, settings);
  const sampleAt = (at: number): ScoredSample => {
    const pose = poseAt(at);
    const reading = read(pose, at);
    const { own, muscle } = usesAt(at);
    return {
      ...{ t: times[at] ?? 0, seconds: seconds[at] ?? 0, pose, reading, isBridged: isBridged[at] === 1 },
      scored: scorePose(reading, own, settings, muscle),
      owas: owasOf(reading.angles, observed, settings)?.category ?? null,
    };
  };
  const samples = samplesOf(times, sampleAt);
  return { samples, seconds, joints, activity, ...measureScores(samples) };
}

function samplesOf(times: Float64Array, sampleAt: (index: number) => ScoredSample): ScoredSamples {
  const { length } = times;
  return {
    ...{ length, times },
    at: (index) => (index >= 0 && index < length ? sampleAt(index) : undefined),
    *[Symbol.iterator]() {
      for (let at = 0; at < length; at += 1) yield sampleAt(at);
    },
  };
}

/** Where the body looks at each time: what was last told, and before it was first told, that. */
function facingOverTime({ times, poseAt }: PoseTrack): (Facing | undefined)[] {
  const facings: (Facing | undefined)[] = [];
  let known: Facing | undefined;
  for (let at = 0; at < times.length; at += 1) {
    const told = decideFacing(poseAt(at));
    if (known === undefined && told !== undefined) facings.fill(told);
    known = told ?? known;
    facings.push(known);
  }
  return facings;
}

const GROUPS = {
  body: ['trunk_flexion', 'neck_flexion', 'knee_flexion'],
  /** Of who walks the knees bend in turn, which repeats nothing; of who squats again and again both do. */
  body_again: ['trunk_flexion', 'neck_flexion', 'both_knees_flexion'],
  left_arm: ['left_upper_arm_flexion', 'left_lower_arm_flexion'],
  right_arm: ['right_upper_arm_flexion', 'right_lower_arm_flexion'],
} as const;

function activityOf(times: Float64Array, joints: JointColumns, settings: ActivitySettings): ActivityByPart {
  const { left_knee_flexion: left, right_knee_flexion: right } = joints;
  const ofKnees = (choose: (...degrees: number[]) => number) =>
    times.map((_, at) => {
      const [a = Number.NaN, b = Number.NaN] = [left?.[at], right?.[at]];
      return Number.isNaN(a) ? b : Number.isNaN(b) ? a : choose(a, b);
    });
  const knees = { knee_flexion: ofKnees(Math.max), both_knees_flexion: ofKnees(Math.min) };
  const series = { times, angles: { ...joints, ...knees } };
  const judge = (names: readonly string[]) => judgeActivity(series, names, settings);
  return {
    body: { ...judge(GROUPS.body), repeated: judge(GROUPS.body_again).repeated },
    left_arm: judge(GROUPS.left_arm),
    right_arm: judge(GROUPS.right_arm),
  };
}

/** What was seen of the time around each sample, unless somebody observed otherwise. */
function usesOverTime(times: Float64Array, activity: ActivityByPart, observed: Observed) {
  const within = (part: keyof ActivityByPart) => ({
    static: areWithin(activity[part].static, times),
    repeated: areWithin(activity[part].repeated, times),
    rapid: areWithin(activity[part].rapid, times),
  });
  const parts = { body: within('body'), left_arm: within('left_arm'), right_arm: within('right_arm') };
  const [held, again] = [observed.static, observed.repeated];
  const of = (side: Side, at: number) => {
    const arm = `${side}_arm` as const;
    const is = (part: keyof ActivityByPart, kind: keyof Activity) => parts[part][kind][at] === 1;
    const uses = (part: keyof ActivityByPart) =>
      (held ?? is(part, 'static')) || (again ?? is(part, 'repeated'));
    const own: Observed = {
      ...observed,
      static: held ?? (is('body', 'static') || is(arm, 'static')),
      repeated: again ?? (is('body', 'repeated') || is(arm, 'repeated')),
      rapid: observed.rapid ?? (is('body', 'rapid') || is(arm, 'rapid')),
    };
    return { own, muscle: { a: uses(arm), b: uses('body') } };
  };
  return (at: number) => {
    const [left, right] = [of('left', at), of('right', at)];
    return {
      own: { left: left.own, right: right.own },
      muscle: { left: left.muscle, right: right.muscle },
    };
  };
}

function secondsOf(times: Float64Array, settings: ActivitySettings): Float64Array {
  const usual = usualStep(times);
  const most = settings.max_gap_seconds ?? longestGap(times);
  return times.map((t, at) => {
    const { [at + 1]: next } = times;
    const step = next === undefined ? usual : next - t;
    return step > most ? usual : step;
  });
}
