import { z } from 'zod';
import { InputError } from '../media/input-error.ts';
import { listProblems, problemSentence } from '../problems.ts';

/**
 * The input of a detect job. Fields that a client sets to null count as left out; fields we do not know are left alone,
 * as users of the original service send them along.
 */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const picture = (field: string) =>
  z
    .string({ error: `expected ${field} as base64 text or a data URL` })
    .min(1, 'is empty; expected base64 text');

const scale = optional(
  z
    .number({ error: 'expected a number of millimetres above 0' })
    .positive('expected a number of millimetres above 0'),
);

export const detectInputSchema = z.looseObject({
  action: optional(z.literal('detect')),
  image: picture('a JPEG, PNG, WebP or GIF picture'),
  frame_id: optional(
    z
      .string({ error: 'expected text' })
      .min(1, 'is empty; leave it out to get one')
      .max(256, 'expected at most 256 characters'),
  ),
  include_masks: optional(z.boolean({ error: 'expected true or false' })),
  confidence_threshold: optional(
    z
      .number({ error: 'expected a number from 0 to 1' })
      .min(0, 'expected a number from 0 to 1')
      .max(1, 'expected a number from 0 to 1'),
  ),
  mm_per_pixel: scale,
});

export const measureInputSchema = z.looseObject({
  action: z.literal('measure'),
  mask: picture('a PNG mask'),
  mm_per_pixel: scale,
});

export type DetectInput = z.infer<typeof detectInputSchema>;
export type MeasureInput = z.infer<typeof measureInputSchema>;

const ACTIONS = ['detect', 'measure'] as const;

/**
 * @throws InputError naming every field that is wrong and what was expected; a missing required field in the words that
 * the original service used.
 */
export function parseInput(input: unknown): DetectInput | MeasureInput {
  const fields = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const action = fields.action ?? 'detect';
  if (!(ACTIONS as readonly unknown[]).includes(action)) {
    throw new InputError(`action: expected "detect" or "measure", got ${JSON.stringify(action)}`, 'action');
  }
  const schema = action === 'measure' ? measureInputSchema : detectInputSchema;
  const required = action === 'measure' ? 'mask' : 'image';
  const parsed = schema.safeParse(fields);
  if (parsed.success) {
    return parsed.data;
  }
  const isMissing = fields[required] === undefined || fields[required] === null;
  const others = listProblems(parsed.error).filter(
    (problem) => !(isMissing && problem.startsWith(`${required}:`)),
  );
  const problems = isMissing ? [`Missing required field: ${required}`, ...others] : others;
  const [first = ''] = problems;
  const field = problems.length === 1 ? parsed.error.issues[0]?.path.join('.') : undefined;
  throw new InputError(problems.length === 1 ? first : problemSentence('The input', problems), field);
}
