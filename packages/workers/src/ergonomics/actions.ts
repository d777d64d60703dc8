import { InputError } from '../media/input-error.ts';
import { judgeActivity } from './activity/judge-activity.ts';
import { seriesOf } from './activity/motion.ts';
import { readPose } from './pose/layouts.ts';
import { readAngles } from './pose/read-angles.ts';
import { type ScoredPose, scorePose } from './pose/score-pose.ts';
import { reportSequence } from './results/report-sequence.ts';
import {
  type ActivityInput,
  type KeypointsInput,
  type PartInput,
  parseActivity,
  parseKeypoints,
  parsePart,
  parseScore,
  parseSequence,
  type ScoreInput,
} from './schema.ts';
import { codeReba, codeRula } from './scoring/code-posture.ts';
import { REBA_ADDITIONS, RULA_ADDITIONS } from './scoring/components.ts';
import { scoreNiosh } from './scoring/niosh.ts';
import { scoreOwas } from './scoring/owas.ts';
import { kneeAddition, PART_SCORES, rebaLoad, rulaForce } from './scoring/part-bands.ts';
import { scoreReba } from './scoring/reba.ts';
import { scoreRula } from './scoring/rula.ts';

/** What an ergonomics job can be asked to do, by its `action`: a row each. */
type Fields = Readonly<Record<string, unknown>>;

export const ACTIONS: Readonly<Record<string, (fields: Fields) => unknown>> = {
  score: (fields) => score(parseScore(fields), fields),
  score_keypoints: (fields) => scoreKeypoints(parseKeypoints(fields)),
  score_part: (fields) => scorePart(parsePart(fields)),
  activity: (fields) => judgeSamples(parseActivity(fields)),
  score_sequence: (fields) => reportSequence(parseSequence(fields)),
};

/** @throws InputError */
export function runAction(input: Fields): unknown {
  const { action } = input;
  const run = typeof action === 'string' && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run) return run(input);
  const known = Object.keys(ACTIONS)
    .map((name) => `"${name}"`)
    .join(', ');
  throw new InputError(`action: expected ${known}, got ${JSON.stringify(action)}.`, 'action');
}

/** Fields that were not sent and count as their defaults. */
const leftOut = (sent: unknown, names: readonly string[]) =>
  names.filter((name) => (sent as Fields | undefined)?.[name] === undefined);

function score(input: ScoreInput, fields: Fields): unknown {
  if ('posture' in input) return scoreDescribed(input);
  switch (input.method) {
    case 'rula':
      return { ...scoreRula(input.components), assumed: leftOut(fields.components, RULA_ADDITIONS) };
    case 'reba':
      return { ...scoreReba(input.components), assumed: leftOut(fields.components, REBA_ADDITIONS) };
    case 'owas':
      return { action_category: scoreOwas(input.codes) };
    case 'niosh':
      return {
        ...scoreNiosh(input.input, input.settings),
        assumed: leftOut(fields.input, ['A_deg', 'coupling']),
      };
  }
}

function scoreDescribed({ method, posture, settings }: Extract<ScoreInput, { posture: unknown }>): unknown {
  if (method === 'rula') {
    const { components, assumed } = codeRula(posture, settings);
    return { components, ...scoreRula(components), assumed };
  }
  const { components, assumed, missing } = codeReba(posture, settings);
  return { components, ...scoreReba(components), assumed: [...assumed, ...missing] };
}

function scoreKeypoints(input: KeypointsInput): ScoredPose {
  const { layout, keypoints, observed, settings } = input;
  const is3d = input.dimensions === 3;
  const pose = readPose(layout, keypoints, { minConfidence: settings.min_confidence, is3d });
  return scorePose(readAngles(pose, settings, is3d), observed, settings);
}

/** Whether it happened at all. */
function judgeSamples({ samples, settings }: ActivityInput) {
  const known = samples.map(({ t, angles }) => ({
    t,
    angles: Object.fromEntries(Object.entries(angles).map(([name, degrees]) => [name, degrees ?? undefined])),
  }));
  const series = seriesOf(known);
  const found = judgeActivity(series, Object.keys(series.angles), settings);
  return {
    static: found.static.length > 0,
    repeated: found.repeated.length > 0,
    rapid: found.rapid.length > 0,
  };
}

function scorePart(input: PartInput): { score: number } | { add: number } {
  const { method, settings } = input;
  if (input.part === 'knee_addition') {
    if (method === 'reba') return { add: kneeAddition(input.deg, settings) };
    throw new InputError('part: "knee_addition" is a part of "reba" alone.', 'part');
  }
  if (input.part !== 'load_kg') return { score: PART_SCORES[method][input.part](input.deg, settings) };
  const { kg, load_pattern: pattern } = input;
  if (method === 'rula') return { score: rulaForce(kg, pattern, settings) };
  return { score: rebaLoad(kg, settings) + (pattern === 'shock' ? 1 : 0) };
}
