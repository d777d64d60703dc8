import type { JobReply } from '@spillway/protocol';
import type { ApiError } from '../client/api-error.ts';
import { CLIP_ERRORS, ClipClientError, type ClipErrorCode } from './clip-client-error.ts';

/** A vector as the worker answers it; spellings are those of the service's contract. */
export interface ClipEmbedding {
  readonly request_id: string;
  /** Of length 1 where `normalized`. */
  readonly embedding: readonly number[];
  readonly dim: number;
  readonly model: string;
  readonly pretrained: string;
  readonly normalized: boolean;
  /** Milliseconds, as the worker measured them. */
  readonly timings: {
    readonly download_ms: number;
    readonly inference_ms: number;
    readonly total_ms: number;
  };
}

/** In place of an answer, in a list. */
export interface ClipFailure {
  readonly request_id: string;
  readonly error: { readonly code: ClipErrorCode; readonly message: string };
}

/** What the job gave. @throws ClipClientError */
export function outputOf({ status, output, error }: JobReply): Readonly<Record<string, unknown>> {
  const fields = recordOf(output);
  // RunPod's service calls jobs completed whose handler returned an error.
  if (status === 'COMPLETED' && (fields.error === undefined || fields.error === null)) return fields;
  const sentence = typeof fields.error === 'string' ? fields.error : sentenceOf(error ?? fields.error);
  throw new ClipClientError({
    code: codeOf(fields.code, sentence),
    message: sentence || `The job ended as ${status} and gave no reason.`,
    requestId: typeof fields.request_id === 'string' ? fields.request_id : undefined,
  });
}

function codeOf(code: unknown, sentence: string): ClipErrorCode {
  if (isCode(code)) return code;
  return /^authentication failed/i.test(sentence) ? 'AUTH_FAILED' : 'JOB_FAILED';
}

const isCode = (code: unknown): code is ClipErrorCode =>
  typeof code === 'string' && Object.hasOwn(CLIP_ERRORS, code);

const LONGEST_SENTENCE = 500;

/** An error may be a sentence, an exception as RunPod's workers report it (JSON), or an object. */
function sentenceOf(error: unknown): string {
  if (typeof error !== 'string') {
    const { message } = recordOf(error);
    return typeof message === 'string' ? message : error === undefined ? '' : JSON.stringify(error);
  }
  try {
    const { error_message: message } = recordOf(JSON.parse(error));
    if (typeof message === 'string') return message;
  } catch {
    // A sentence.
  }
  return error.slice(0, LONGEST_SENTENCE);
}

/** @throws ClipClientError BAD_REPLY */
export function readEmbedding(value: unknown, requestId: string): ClipEmbedding {
  const fields = recordOf(value);
  const { embedding, dim, model, pretrained, normalized, timings } = fields;
  const isVector =
    Array.isArray(embedding) && embedding.length > 0 && embedding.every((one) => Number.isFinite(one));
  if (!isVector) throw badReply('no list of numbers under `embedding`', requestId);
  if (dim !== undefined && dim !== embedding.length)
    throw badReply(`${embedding.length} numbers, and \`dim\` says ${String(dim)}`, requestId);
  return {
    request_id: requestId,
    embedding: embedding as number[],
    dim: embedding.length,
    model: String(model ?? 'unknown'),
    pretrained: String(pretrained ?? 'unknown'),
    normalized: normalized === true,
    timings: { download_ms: 0, inference_ms: 0, total_ms: 0, ...recordOf(timings) },
  };
}

/** Answers of a batch, whose items have these ids. @throws ClipClientError BAD_REPLY */
export function readBatch(
  { results }: Readonly<Record<string, unknown>>,
  ids: readonly string[],
): readonly (ClipEmbedding | ClipFailure)[] {
  if (!Array.isArray(results) || results.length !== ids.length)
    throw badReply(`expected ${ids.length} under \`results\``);
  return ids.map((id, at) => {
    const result = recordOf(results[at]);
    if (result.error === undefined) return readEmbedding(result, id);
    const { code, message } = recordOf(result.error);
    return {
      request_id: id,
      error: { code: isCode(code) ? code : 'JOB_FAILED', message: String(message ?? result.error) },
    };
  });
}

function badReply(found: string, requestId?: string): ClipClientError {
  const message = `The answer is no embedding: ${found}. Does this endpoint run a CLIP worker?`;
  return new ClipClientError({ code: 'BAD_REPLY', message, requestId });
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

const CODES: Readonly<Record<number, ClipErrorCode>> = {
  0: 'UNREACHABLE',
  401: 'KEY_REFUSED',
  403: 'KEY_REFUSED',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
};

/** Why a place did not take the call. */
export function clipErrorOf(error: ApiError): ClipClientError {
  const { status, code, detail: message, retryAfterMs } = error;
  const known = code === 'BAD_REPLY' ? code : CODES[status];
  return new ClipClientError({
    code: known ?? (status >= 500 ? 'SERVER_ERROR' : 'INPUT_INVALID'),
    message,
    retryAfterMs,
    cause: error,
  });
}
