import { z } from 'zod';
import { listProblems, problemSentence } from '../problems.ts';
import { ClipError } from './clip-error.ts';

/**
 * The input of a clip job: one picture, up to 16 of them, one text, or up to 16. Fields set to null count as left out;
 * fields we do not know are left alone.
 */
const MOST_IN_BATCH = 16;
const LONGEST_TEXT_CHARS = 10_000;
const LONGEST_URL_CHARS = 8_192;
const LONGEST_REQUEST_ID_CHARS = 256;

const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

const common = {
  request_id: optional(
    z
      .string({ error: 'expected text' })
      .max(LONGEST_REQUEST_ID_CHARS, `expected at most ${LONGEST_REQUEST_ID_CHARS} characters`),
  ),
  normalize: optional(z.boolean({ error: 'expected true or false' })),
  model: optional(z.string({ error: 'expected the name of a model' })),
};

const text = z
  .string({ error: 'expected text' })
  .refine((value) => value.trim() !== '', 'is empty; expected 1 to 10000 characters')
  .max(LONGEST_TEXT_CHARS, `expected at most ${LONGEST_TEXT_CHARS} characters`);

const pictureSchema = z
  .looseObject({
    image_url: optional(
      z
        .string({ error: 'expected an http or https URL' })
        .max(LONGEST_URL_CHARS, `expected at most ${LONGEST_URL_CHARS} characters`),
    ),
    image: optional(z.string({ error: 'expected the picture as base64 text or a data URL' })),
    ...common,
  })
  .refine(({ image_url, image }) => (image_url === undefined) !== (image === undefined), {
    message: 'expected either image_url or image',
    path: ['image_url'],
  });

const textSchema = z.looseObject({ text, ...common });

/** One picture to embed. */
export type PictureInput = z.infer<typeof pictureSchema>;
export type TextInput = z.infer<typeof textSchema>;

export type ClipInput =
  | { readonly type: 'picture'; readonly item: PictureInput }
  | { readonly type: 'pictures'; readonly items: readonly unknown[] }
  | { readonly type: 'text'; readonly item: TextInput }
  | { readonly type: 'texts'; readonly items: readonly TextInput[] };

/** What an input asks for, by its fields alone: the first of these that it has, else a picture. */
export function typeOfInput(fields: Readonly<Record<string, unknown>>): ClipInput['type'] {
  const has = (field: string) => fields[field] !== undefined && fields[field] !== null;
  if (has('images')) return 'pictures';
  if (has('texts')) return 'texts';
  return has('text') ? 'text' : 'picture';
}

/** @throws ClipError naming every field that is wrong and what was expected. */
export function parseClipInput(input: unknown): ClipInput {
  const fields = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const type = typeOfInput(fields);
  if (type === 'pictures') return { type, items: batchOf(fields.images, 'images') };
  if (type === 'texts') {
    const items = batchOf(fields.texts, 'texts').map((one, at) =>
      parse(textSchema, { ...fields, text: one }, `texts.${at}`),
    );
    return { type, items };
  }
  return type === 'text' ? { type, item: parseText(fields) } : { type, item: parsePicture(fields) };
}

/** @throws ClipError */
export function parsePicture(item: unknown): PictureInput {
  const fields = typeof item === 'object' && item !== null && !Array.isArray(item) ? item : undefined;
  if (!fields) throw new ClipError('INPUT_INVALID', 'expected an object with image_url or image.');
  return parse(pictureSchema, fields);
}

/** @throws ClipError */
export const parseText = (fields: unknown): TextInput => parse(textSchema, fields);

function parse<T>(schema: z.ZodType<T>, fields: unknown, subject = 'The input'): T {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new ClipError('INPUT_INVALID', problemSentence(subject, listProblems(parsed.error)));
}

/** @throws ClipError */
export function batchOf(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new ClipError('INPUT_INVALID', `${field}: expected a list of 1 to ${MOST_IN_BATCH}.`);
  if (value.length > MOST_IN_BATCH)
    throw new ClipError(
      'BATCH_TOO_LARGE',
      `${field}: ${value.length} in one batch; at most ${MOST_IN_BATCH} are taken. Send them in several.`,
    );
  return value;
}
