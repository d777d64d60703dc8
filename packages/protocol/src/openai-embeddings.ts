import { z } from 'zod';

/**
 * OpenAI's `POST /v1/embeddings` as our workers and the gateway speak it. `input` holds texts as OpenAI has them, and,
 * beyond OpenAI, pictures: a data URL or an http(s) URL in place of a text, or an object as other services take it. A
 * job carries such a call as `{"openai_route": "/v1/embeddings", "openai_input": {…}}`.
 */
export const EMBEDDINGS_ROUTE = '/v1/embeddings';

/** What one call may hold at most. */
export const EMBEDDINGS_LIMITS = { items: 2048, pictures: 16, textChars: 10_000 } as const;

const textPart = z.looseObject({
  type: z.enum(['text', 'input_text']).optional(),
  text: z.string({ error: 'expected text' }),
});

/** As in OpenAI's chat messages, `image_url: {url}` or the URL itself. */
const imageUrlPart = z.looseObject({
  type: z.enum(['image_url', 'input_image']).optional(),
  image_url: z.union([z.string(), z.looseObject({ url: z.string() })], {
    error: 'expected a URL or {"url": …}',
  }),
});

/** As in other services' multimodal embeddings. */
const imagePart = z.looseObject({
  type: z.literal('image').optional(),
  image: z.string({ error: 'expected a data URL, base64 text or a URL' }),
});

const ITEM = 'expected text, a picture’s URL or data URL, or an object with text, image_url or image';

const itemSchema = z.union([z.string(), textPart, imageUrlPart, imagePart], { error: ITEM });

type InputItem = z.infer<typeof itemSchema>;
type EmbeddingsInput = InputItem | readonly InputItem[];
type Modality = 'text' | 'image' | undefined;

const isTokens = (value: unknown): boolean =>
  Array.isArray(value) && value.some((one) => typeof one === 'number' || isTokens(one));

interface Problem {
  readonly message: string;
  readonly path: PropertyKey[];
  readonly params?: { readonly code: 'BATCH_TOO_LARGE' };
}

/** The first problem. Looked for by hand, so that it names the one item that is wrong and not all that it could have been. */
function findProblem({ input, modality }: { input: unknown; modality?: Modality }): Problem | undefined {
  const ofInput = (message: string): Problem => ({ message, path: ['input'] });
  if (isTokens(input)) return ofInput('holds token numbers; expected text, which is cut into tokens here');
  const given: readonly unknown[] = Array.isArray(input) ? input : [input];
  const { items: most, pictures } = EMBEDDINGS_LIMITS;
  if (given.length === 0) return ofInput(`is empty; expected 1 to ${most} texts or pictures`);
  const tooLarge = (what: string, limit: number): Problem => ({
    ...ofInput(`holds ${what}; expected at most ${limit}`),
    params: { code: 'BATCH_TOO_LARGE' },
  });
  if (given.length > most) return tooLarge(String(given.length), most);
  const ofItem = (at: number, message: string): Problem => ({
    message,
    path: Array.isArray(input) ? ['input', at] : ['input'],
  });
  const wrong = given.findIndex((item) => !itemSchema.safeParse(item).success);
  if (wrong >= 0) return ofItem(wrong, ITEM);
  const items = embeddingsItems({ input: input as EmbeddingsInput, modality });
  const count = items.filter(({ type }) => type !== 'text').length;
  if (count > pictures) return tooLarge(`${count} pictures`, pictures);
  const faults = items.map((item) => (item.type === 'text' ? faultOfText(item.text) : undefined));
  const at = faults.findIndex((fault) => fault !== undefined);
  return at < 0 ? undefined : ofItem(at, faults[at] ?? '');
}

function faultOfText(text: string): string | undefined {
  const { textChars: most } = EMBEDDINGS_LIMITS;
  if (text.trim() === '') return `is empty; expected 1 to ${most} characters`;
  return text.length > most ? `expected at most ${most} characters` : undefined;
}

/** Fields set to null count as left out; those that are not known are left alone. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

/** A problem whose `params.code` is `BATCH_TOO_LARGE` is one of too many items. */
export const embeddingsRequestSchema = z
  .looseObject({
    input: z
      .unknown()
      .nonoptional({ error: ITEM })
      .meta({
        description:
          'A text, a picture (data URL or http(s) URL), or a list of them. An object with `text`, `image_url` or `image` says which it is.',
        anyOf: [
          { type: 'string' },
          { type: 'object' },
          { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'object' }] } },
        ],
      }) as z.ZodType<EmbeddingsInput>,
    model: optional(z.string({ error: 'expected the name of a model' })),
    encoding_format: optional(z.enum(['float', 'base64'], { error: 'expected float or base64' })),
    dimensions: optional(
      z.int({ error: 'expected a whole number' }).min(1, 'expected a whole number from 1'),
    ),
    /** What texts among `input` are: undefined tells pictures by their form. */
    modality: optional(z.enum(['text', 'image'], { error: 'expected text or image' })),
    user: optional(z.string({ error: 'expected text' })),
  })
  .superRefine((request, context) => {
    const problem = findProblem(request);
    if (problem) context.addIssue({ code: 'custom', ...problem });
  })
  .meta({ id: 'EmbeddingsRequest' });

export type EmbeddingsRequest = z.infer<typeof embeddingsRequestSchema>;

/** One thing to embed: a text, a picture to be fetched, or a picture that came along (data URL or base64). */
export type EmbeddingsItem =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'image'; readonly image: string };

/** What a call asks for, in its order. */
export function embeddingsItems({
  input,
  modality,
}: Pick<EmbeddingsRequest, 'input' | 'modality'>): EmbeddingsItem[] {
  const items = (Array.isArray(input) ? input : [input]) as readonly InputItem[];
  return items.map((item) => itemOf(item, modality));
}

const isUrl = (text: string): boolean => /^https?:\/\/\S+$/i.test(text);
const isDataUrl = (text: string): boolean => /^data:image\/[\w.+-]+[;,]/i.test(text);

function itemOf(item: InputItem, modality: EmbeddingsRequest['modality']): EmbeddingsItem {
  if (typeof item !== 'string') return itemOfPart(item);
  if (modality === 'text') return { type: 'text', text: item };
  if (modality === 'image' || isDataUrl(item) || isUrl(item)) return pictureOf(item);
  return { type: 'text', text: item };
}

function itemOfPart(part: Exclude<InputItem, string>): EmbeddingsItem {
  if ('text' in part && typeof part.text === 'string') return { type: 'text', text: part.text };
  if ('image' in part && typeof part.image === 'string') return pictureOf(part.image);
  const { image_url: given } = part as z.infer<typeof imageUrlPart>;
  return pictureOf(typeof given === 'string' ? given : given.url);
}

const pictureOf = (text: string): EmbeddingsItem =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? { type: 'url', url: text } : { type: 'image', image: text };

export const embeddingsReplySchema = z
  .object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z
          .union([z.array(z.number()), z.string()])
          .describe('Numbers, or little-endian float32 in base64 where `encoding_format` asked for it.'),
      }),
    ),
    model: z.string().describe('The model that ran.'),
    usage: z
      .object({ prompt_tokens: z.int(), total_tokens: z.int() })
      .describe('Tokens of the texts as the model read them; pictures have none.'),
  })
  .meta({ id: 'EmbeddingsReply' });

export type EmbeddingsReply = z.infer<typeof embeddingsReplySchema>;

/** The body of an answer that is no success, as OpenAI's clients read it. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field of the request that is wrong. */
    readonly param: string | null;
    readonly code: string | null;
  };
}
