import { z } from 'zod';
import { InputError } from '../media/input-error.ts';
import { listProblems, problemSentence } from '../problems.ts';
import { activitySettingsSchema } from './activity/activity-settings.ts';
import { type Keypoint, LAYOUT_NAMES, LAYOUTS, type LayoutName } from './pose/layouts.ts';
import { RESULT_FORMATS } from './results/formats.ts';
import { rebaComponentsSchema, rulaComponentsSchema } from './scoring/components.ts';
import { liftsSchema } from './scoring/lifts.ts';
import { nioshInputSchema } from './scoring/niosh.ts';
import { owasCodesSchema } from './scoring/owas.ts';
import { BANDED_PARTS, LOAD_PATTERNS, METHODS_WITH_PARTS } from './scoring/part-bands.ts';
import { degrees, measuredFields, observedFields, observedSchema } from './scoring/posture.ts';
import { scoringSettingsSchema } from './scoring/scoring-settings.ts';
import { sequenceSettingsSchema } from './sequence/sequence-settings.ts';
import { keypointSettingsSchema } from './settings.ts';

/**
 * The inputs of an ergonomics job, by `action` and, for `score`, by `method`. Fields of the input itself that are not
 * known are left alone; those of an object within it are refused, since a misspelt one would be silently assumed.
 */
const choice = <T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `expected ${values.map((value) => `"${value}"`).join(' or ')}` });
const scoring = scoringSettingsSchema.prefault({});

/** The angles that both methods rest on have to be there when somebody describes a posture. */
const describedPosture = z.strictObject({
  ...measuredFields,
  ...observedFields,
  upper_arm_deg: degrees,
  lower_arm_deg: degrees,
  neck_deg: degrees,
  trunk_deg: degrees,
});

const scoreSchemas = {
  rula: z.object({ components: rulaComponentsSchema, settings: scoring }),
  reba: z.object({ components: rebaComponentsSchema, settings: scoring }),
  owas: z.object({ codes: owasCodesSchema }),
  niosh: z.object({ input: nioshInputSchema, settings: scoring }),
};
const postureSchemas = {
  rula: z.object({ posture: describedPosture, settings: scoring }),
  reba: z.object({ posture: describedPosture, settings: scoring }),
};
const METHODS = ['rula', 'reba', 'owas', 'niosh'] as const;

const keypointsSchema = z.array(
  z
    .array(z.number({ error: 'expected a number' }), { error: 'expected [x, y, confidence], or null' })
    .nullable(),
  { error: 'expected a list of [x, y, confidence]' },
);
const dimensions = z.literal([2, 3], { error: 'expected 2 or 3' }).default(2);
const layoutFields = { layout: choice(LAYOUT_NAMES).default('coco17'), dimensions };

const scoreKeypoints = z
  .object({
    ...layoutFields,
    keypoints: keypointsSchema,
    observed: observedSchema.prefault({}),
    settings: keypointSettingsSchema.prefault({}),
  })
  .superRefine(({ keypoints, layout, dimensions: size }, context) => {
    checkKeypoints(keypoints, layout, size, (message, path) =>
      context.addIssue({ code: 'custom', message, path: ['keypoints', ...path] }),
    );
  });

/** As many as the layout has, each of the form that its dimensions ask for. */
function checkKeypoints(
  keypoints: readonly Keypoint[],
  layout: LayoutName,
  size: 2 | 3,
  complain: (message: string, path: number[]) => void,
): void {
  const { size: count } = LAYOUTS[layout];
  if (keypoints.length !== count)
    complain(`expected ${count} of them (${layout}), got ${keypoints.length}`, []);
  const form = size === 3 ? '[x, y, z, confidence]' : '[x, y, confidence]';
  const wrong = keypoints.findIndex((one) => one !== null && (one.length < size || one.length > size + 1));
  if (wrong >= 0) complain(`expected ${form}, or null`, [wrong]);
}

const text = z.string({ error: 'expected text' }).max(200, 'expected at most 200 characters');
/** What a report tells of the recording besides its title, such as workplace, task and date. */
export const detailsSchema = z
  .record(z.string().max(40, 'expected names of at most 40 characters'), text, {
    error: 'expected texts by name',
  })
  .refine((details) => Object.keys(details).length <= 12, 'expected at most 12');

const MOST_FRAMES = 200_000;
const scoreSequence = z
  .object({
    ...layoutFields,
    title: text.optional(),
    details: detailsSchema.optional(),
    frames: z
      .array(
        z.object({ t: z.number({ error: 'expected seconds' }), keypoints: keypointsSchema.nullable() }),
        { error: 'expected a list of {"t": seconds, "keypoints": [[x, y, confidence]]}' },
      )
      .min(2, 'expected at least two')
      .max(MOST_FRAMES, `expected at most ${MOST_FRAMES}`),
    observed: observedSchema.prefault({}),
    niosh: liftsSchema.optional(),
    settings: sequenceSettingsSchema.prefault({}),
    formats: z.array(choice(RESULT_FORMATS), { error: 'expected a list of formats' }).default([]),
  })
  .superRefine(({ frames, layout, dimensions: size }, context) => {
    for (const [at, { t, keypoints }] of frames.entries()) {
      const before = context.issues.length;
      const complain = (message: string, path: (string | number)[]) =>
        context.addIssue({ code: 'custom', message, path: ['frames', at, ...path] });
      if (t <= (frames[at - 1]?.t ?? Number.NEGATIVE_INFINITY))
        complain('expected more than that of the frame before', ['t']);
      if (keypoints)
        checkKeypoints(keypoints, layout, size, (message, path) => complain(message, ['keypoints', ...path]));
      // One wrong frame is enough to know; a whole file of them would be the same sentence again and again.
      if (context.issues.length > before) return;
    }
  });

export type SequenceInput = z.infer<typeof scoreSequence>;
const partFields = { method: choice(METHODS_WITH_PARTS), settings: scoring };
const scorePart = z.discriminatedUnion(
  'part',
  [
    z.object({ ...partFields, part: z.enum(BANDED_PARTS), deg: degrees }),
    z.object({ ...partFields, part: z.literal('knee_addition'), deg: degrees }),
    z.object({
      ...partFields,
      part: z.literal('load_kg'),
      kg: z.number({ error: 'expected kilograms' }).min(0, 'expected kilograms of at least 0'),
      load_pattern: choice(LOAD_PATTERNS).default('intermittent'),
    }),
  ],
  {
    error: `expected ${[...BANDED_PARTS, 'knee_addition', 'load_kg'].map((part) => `"${part}"`).join(', ')}`,
  },
);

const activityInput = z
  .object({
    samples: z
      .array(
        z.object({
          t: z.number({ error: 'expected seconds' }),
          angles: z.record(z.string(), z.number({ error: 'expected degrees, or null' }).nullable(), {
            error: 'expected degrees by name',
          }),
        }),
        { error: 'expected a list of {"t": seconds, "angles": {name: degrees}}' },
      )
      .min(2, 'expected at least two'),
    settings: activitySettingsSchema.prefault({}),
  })
  .superRefine(({ samples }, context) => {
    const late = samples.findIndex(({ t }, at) => t <= (samples[at - 1]?.t ?? Number.NEGATIVE_INFINITY));
    if (late >= 0)
      context.addIssue({
        ...{ code: 'custom', path: ['samples', late, 't'] },
        message: 'expected more than that of the sample before',
      });
  });

export type ActivityInput = z.infer<typeof activityInput>;
export type KeypointsInput = z.infer<typeof scoreKeypoints>;
export type PartInput = z.infer<typeof scorePart>;
type ScoreSchemas = typeof scoreSchemas;
export type ScoreInput =
  | { [M in keyof ScoreSchemas]: { readonly method: M } & z.infer<ScoreSchemas[M]> }[keyof ScoreSchemas]
  | { [M in 'rula' | 'reba']: { readonly method: M } & z.infer<(typeof postureSchemas)[M]> }['rula' | 'reba'];

type Fields = Readonly<Record<string, unknown>>;

/** @throws InputError */
export function parseScore(fields: Fields): ScoreInput {
  const method = METHODS.find((one) => one === fields.method);
  if (method === undefined) {
    const known = METHODS.map((one) => `"${one}"`).join(', ');
    const got = fields.method === undefined ? '' : `, got ${JSON.stringify(fields.method)}`;
    throw new InputError(`The input: method: expected ${known}${got}.`, 'method');
  }
  const isDescribed = 'posture' in fields;
  const isCoded = method === 'rula' || method === 'reba';
  if (isDescribed && isCoded && 'components' in fields)
    throw new InputError('The input: posture: expected either components or posture, not both.', 'posture');
  const schema = isDescribed && isCoded ? postureSchemas[method] : scoreSchemas[method];
  return { method, ...parse<object>(schema, fields) } as ScoreInput;
}

export const parseKeypoints = (fields: Fields): KeypointsInput => parse(scoreKeypoints, fields);
export const parseActivity = (fields: Fields): ActivityInput => parse(activityInput, fields);
export const parseSequence = (fields: Fields): SequenceInput => parse(scoreSequence, fields);
export const parsePart = (fields: Fields): PartInput => parse(scorePart, fields);

/** @throws InputError naming every field that is wrong and what was expected. */
export function parse<T>(schema: z.ZodType<T>, fields: Fields): T {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const problems = listProblems(parsed.error).map((problem) =>
    problem.replace(/: Unrecognized keys?: /, ': there is no field '),
  );
  const shown = problems.length > 8 ? [...problems.slice(0, 8), `and ${problems.length - 8} more`] : problems;
  throw new InputError(problemSentence('The input', shown));
}
