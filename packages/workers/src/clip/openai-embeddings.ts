import {
  EMBEDDINGS_ROUTE,
  type EmbeddingsItem,
  type EmbeddingsReply,
  type EmbeddingsRequest,
  embeddingsItems,
  embeddingsRequestSchema,
  type OpenAiErrorBody,
} from '@spillway/protocol';
import { listProblems, problemSentence } from '../problems.ts';
import { ClipError, type ClipErrorCode, statusOf } from './clip-error.ts';
import type { CallOptions, ClipService } from './clip-service.ts';
import { mapInFlight } from './map-in-flight.ts';
import { parsePicture, parseText } from './schema.ts';

/** What OpenAI's clients ask of the service: embeddings of texts and pictures, and the list of models, which is one. */
export const OPENAI_ROUTES = [EMBEDDINGS_ROUTE, '/v1/models'] as const;

/** Items of one call that are under way at once: enough to fill batches, and not the whole line. */
const AT_ONCE = 32;

/** An answer that is no success, as OpenAI's clients read it. */
export class OpenAiError extends Error {
  override readonly name = 'OpenAiError';
  readonly status: number;
  readonly body: OpenAiErrorBody;

  constructor(status: number, code: string, message: string, param: string | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.body = { error: { message, type: TYPES[status] ?? 'invalid_request_error', param, code } };
  }
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  404: 'not_found_error',
  500: 'server_error',
  502: 'server_error',
  503: 'overloaded_error',
};

export const openAiErrorOf = (error: ClipError, param: string | null = null, place = ''): OpenAiError =>
  new OpenAiError(statusOf(error), error.code, `${place}${error.message}`, param, { cause: error });

/** @throws OpenAiError */
export async function embedForOpenAi(
  service: ClipService,
  body: unknown,
  options: CallOptions,
): Promise<EmbeddingsReply> {
  const request = parseRequest(body);
  checkModel(service, request);
  checkDimensions(service, request, service.dim);
  const items = embeddingsItems(request);
  // One that fails fails the call, so the others need not go on.
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    const vectors = await mapInFlight(items, AT_ONCE, (item, at) => {
      const place = Array.isArray(request.input) ? `input.${at}: ` : 'input: ';
      return embedItem(service, item, { ...options, signal }).catch((error: unknown) => {
        throw error instanceof ClipError ? openAiErrorOf(error, 'input', place) : error;
      });
    });
    checkDimensions(service, request, vectors[0]?.length);
    const tokens = items.reduce((sum, item) => sum + tokensOf(service, item), 0);
    return {
      object: 'list',
      data: vectors.map((vector, index) => ({
        ...{ object: 'embedding', index },
        embedding: request.encoding_format === 'base64' ? base64Of(vector) : vector,
      })),
      model: service.name.model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

/** The answer to `GET /v1/models`. */
export function listModels({ name }: ClipService): object {
  return {
    object: 'list',
    data: [{ id: name.model, object: 'model', created: 0, owned_by: name.pretrained }],
  };
}

function parseRequest(body: unknown): EmbeddingsRequest {
  const parsed = embeddingsRequestSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const code: ClipErrorCode =
    issue?.code === 'custom' && issue.params?.code === 'BATCH_TOO_LARGE'
      ? 'BATCH_TOO_LARGE'
      : 'INPUT_INVALID';
  const sentence = problemSentence('The request', listProblems(parsed.error));
  throw new OpenAiError(400, code, sentence, String(issue?.path[0] ?? '') || null);
}

function checkModel({ name }: ClipService, { model }: EmbeddingsRequest): void {
  if (model !== undefined && model !== name.model) {
    const sentence = `model: "${model}" does not run here; this worker runs ${name.model} (${name.pretrained}).`;
    throw new OpenAiError(404, 'model_not_found', sentence, 'model');
  }
}

/** A vector of CLIP means nothing when it is cut short. `dim`: undefined where it is not known yet. */
function checkDimensions(
  { name }: ClipService,
  { dimensions }: EmbeddingsRequest,
  dim: number | undefined,
): void {
  if (dimensions !== undefined && dim !== undefined && dimensions !== dim) {
    const sentence = `dimensions: the vectors of ${name.model} have ${dim} numbers and cannot be cut; leave it out, or say ${dim}.`;
    throw new OpenAiError(400, 'INPUT_INVALID', sentence, 'dimensions');
  }
}

async function embedItem(
  service: ClipService,
  item: EmbeddingsItem,
  options: CallOptions,
): Promise<number[]> {
  if (item.type === 'text') {
    const { embedding } = await service.text(parseText({ text: item.text }), options);
    return [...embedding];
  }
  const fields = item.type === 'url' ? { image_url: item.url } : { image: item.image };
  return [...(await service.picture(parsePicture(fields), options)).embedding];
}

const tokensOf = (service: ClipService, item: EmbeddingsItem): number =>
  item.type === 'text' ? service.countTokens(item.text) : 0;

/** Little-endian float32, whatever the machine. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}
