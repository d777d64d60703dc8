import { z } from 'zod';
import { personSettingSchema } from '../../pose/person-setting.ts';
import { detailsSchema, parse } from '../schema.ts';
import { liftsSchema } from '../scoring/lifts.ts';
import { observedSchema } from '../scoring/posture.ts';
import { sequenceSettingsSchema } from '../sequence/sequence-settings.ts';
import { QUALITY_NAMES } from './quality.ts';

/** The inputs of the actions on videos, as their callers know them (snake_case). */
const text = (most: number) =>
  z.string({ error: 'expected text' }).max(most, `expected at most ${most} characters`);
const jobId = text(100).optional();
const partPlan = z.object({
  video_key: text(300),
  upload_id: text(2000),
});

export const schemas = {
  generateUploadUrl: z.object({ filename: text(255).optional() }),
  createMultipartUpload: z.object({
    filename: text(255).optional(),
    size_bytes: z
      .int({ error: 'expected the size of the file, in bytes' })
      .min(1, 'expected the size of the file, in bytes'),
  }),
  part: partPlan,
  signParts: partPlan.extend({
    part_numbers: z
      .array(z.int().min(1), { error: 'expected a list of part numbers, from 1' })
      .min(1, 'expected at least one part number')
      .max(100, 'expected at most 100 part numbers'),
  }),
  ofJob: z.object({ job_id: jobId }),
  download: z.object({ result_key: text(300).optional() }),
} as const;

/** What a job is made of besides its video; the same ones with the same video are the same job. */
export const processSettingsSchema = z.object({
  quality: z
    .enum(QUALITY_NAMES, { error: `expected ${QUALITY_NAMES.map((one) => `"${one}"`).join(', ')}` })
    .default('medium'),
  title: text(200).optional(),
  details: detailsSchema.optional(),
  person: personSettingSchema.default('largest'),
  observed: observedSchema.prefault({}),
  niosh: liftsSchema.optional(),
  settings: sequenceSettingsSchema.prefault({}),
  overlay: z.boolean({ error: 'expected true or false' }).default(true),
});
export type ProcessSettings = z.infer<typeof processSettingsSchema>;

export const startSchema = processSettingsSchema.extend({
  video_key: text(300).optional(),
  user_email: text(300).optional(),
});

/** What a start has that is no field of it, such as a slip of a name: told, since its callers may send what they like. */
export function ignoredFields(fields: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(startSchema.shape);
  return Object.keys(fields)
    .filter((name) => name !== 'action' && !known.includes(name))
    .map(
      (name) => `there is no field ${JSON.stringify(name)}, which was ignored; there are ${known.join(', ')}`,
    );
}

/** @throws InputError naming every field that is wrong. */
export const parseFields = <T>(schema: z.ZodType<T>, fields: Readonly<Record<string, unknown>>): T =>
  parse(schema, fields);
