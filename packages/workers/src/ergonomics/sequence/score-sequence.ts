import type { ActivitySettings } from '../activity/activity-settings.ts';
import { type Activity, isWithin, judgeActivity } from '../activity/judge-activity.ts';
import { longestGap, type Sample } from '../activity/motion.ts';
import { decideFacing, type Facing } from '../pose/angles-2d.ts';
import { SIDES, type Side } from '../pose/body-angles.ts';
import type { Pose } from '../pose/layouts.ts';
import { type Reading, readAngles } from '../pose/read-angles.ts';
import { type ScoredPose, scorePose } from '../pose/score-pose.ts';
import type { Observed } from '../scoring/posture.ts';
import { owasOf } from './owas-of-angles.ts';
import type { SequenceSettings } from './sequence-settings.ts';
import { smoothPoses } from './smooth-poses.ts';

/**
 * From poses over time to a score of every sample: smoothed, read as angles, looked at for static, repeated and rapid work,
 * and then scored with what that adds.
 */
export interface TimedPose {
  /** Seconds, growing. */
  readonly t: number;
  readonly pose: Pose;
}

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

/** What was static, repeated or rapid: the trunk with neck and legs, and each arm. */
export type ActivityByPart = Readonly<Record<'body' | 'left_arm' | 'right_arm', Activity>>;

export interface ScoredSequence {
  readonly samples: readonly ScoredSample[];
  readonly activity: ActivityByPart;
}

export function scoreSequence(
  frames: readonly TimedPose[],
  observed: Observed,
  settings: SequenceSettings,
  is3d: boolean,
): ScoredSequence {
  const times = frames.map(({ t }) => t);
  const smooth = smoothPoses(
    times,
    frames.map(({ pose }) => pose),
    settings,
  );
  const facings = is3d ? [] : facingOverTime(smooth.map(({ pose }) => pose));
  const readings = smooth.map(({ pose }, at) => readAngles(pose, settings, is3d, facings[at]));
  const activity = activityOf(times, readings, settings);
  const seconds = secondsOf(times, settings);
  const samples = readings.map((reading, at): ScoredSample => {
    const t = times[at] ?? 0;
    const { own, muscle } = usesAt(t, activity, observed);
    return {
      ...{
        t,
        reading,
        pose: smooth[at]?.pose ?? {},
        seconds: seconds[at] ?? 0,
        isBridged: smooth[at]?.isBridged ?? false,
      },
      scored: scorePose(reading, own, settings, muscle),
      owas: owasOf(reading.angles, observed, settings)?.category ?? null,
    };
  });
  return { samples, activity };
}

/** Where the body looks at each time: what was last told, and before it was first told, that. */
function facingOverTime(poses: readonly Pose[]): (Facing | undefined)[] {
  const told = poses.map(decideFacing);
  let known = told.find((facing) => facing !== undefined);
  return told.map((facing) => {
    known = facing ?? known;
    return known;
  });
}

const GROUPS = {
  body: ['trunk_flexion', 'neck_flexion', 'knee_flexion'],
  left_arm: ['left_upper_arm_flexion', 'left_lower_arm_flexion'],
  right_arm: ['right_upper_arm_flexion', 'right_lower_arm_flexion'],
} as const;

function activityOf(times: readonly number[], readings: readonly Reading[], settings: ActivitySettings) {
  const samples = readings.map(({ angles }, at): Sample => {
    const [left, right] = [angles.left, angles.right];
    const knees = SIDES.flatMap((side) => angles[side].knee_flexion?.degrees ?? []);
    return {
      t: times[at] ?? 0,
      angles: {
        trunk_flexion: angles.trunk_flexion?.degrees,
        neck_flexion: angles.neck_flexion?.degrees,
        knee_flexion: knees.length === 0 ? undefined : Math.max(...knees),
        left_upper_arm_flexion: left.upper_arm_flexion?.degrees,
        left_lower_arm_flexion: left.lower_arm_flexion?.degrees,
        right_upper_arm_flexion: right.upper_arm_flexion?.degrees,
        right_lower_arm_flexion: right.lower_arm_flexion?.degrees,
      },
    };
  });
  const judge = (names: readonly string[]) => judgeActivity(samples, names, settings);
  return {
    body: judge(GROUPS.body),
    left_arm: judge(GROUPS.left_arm),
    right_arm: judge(GROUPS.right_arm),
  };
}

/** What was seen of the time around a sample, unless somebody observed otherwise. */
function usesAt(t: number, activity: ActivityByPart, observed: Observed) {
  const is = (part: keyof ActivityByPart, kind: keyof Activity) => isWithin(activity[part][kind], t);
  const of = (side: Side) => {
    const arm = `${side}_arm` as const;
    const [held, again] = [observed.static, observed.repeated];
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
  const [left, right] = [of('left'), of('right')];
  return {
    own: { left: left.own, right: right.own },
    muscle: { left: left.muscle, right: right.muscle },
  };
}

function secondsOf(times: readonly number[], settings: ActivitySettings): number[] {
  const steps = times.slice(1).map((t, at) => t - (times[at] ?? t));
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const most = settings.max_gap_seconds ?? longestGap(times.map((t) => ({ t, angles: {} })));
  return times.map((_, at) => {
    const step = steps[at] ?? usual;
    return step > most ? usual : step;
  });
}
