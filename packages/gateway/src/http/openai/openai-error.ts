import type { FailureType } from '@spillway/protocol';
import type { Job } from '../../jobs/job.ts';
import { parsePythonLiteral } from '../../lib/python-literal.ts';

/**
 * Errors as OpenAI's clients read them. They come from three sides: the gateway's own "no", a worker that yields or
 * returns an error object, and a job that ended badly.
 */
export interface OpenAiError {
  readonly status: number;
  /** False: OpenAI's clients repeat a 5xx by themselves, and this one would end the same way again. */
  readonly isWorthRetrying: boolean;
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | number | null;
}

/** `{"error":{…}}`, the body of an answer and the data of an event. */
export function openAiErrorBody({ message, type, param, code }: OpenAiError): string {
  return JSON.stringify({ error: { message, type, param, code } });
}

export function openAiErrorOf(
  status: number,
  code: string,
  message: string,
  isWorthRetrying = true,
): OpenAiError {
  return { status, isWorthRetrying, message, type: typeOf(status), param: null, code };
}

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  499: 'cancelled',
  504: 'timeout',
};

function typeOf(status: number): string {
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
}

/** Failures whose status doesn't depend on what the worker said. */
const STATUS_OF_FAILURE: Partial<Record<FailureType, number>> = {
  INPUT_INVALID: 400,
  OUTPUT_INVALID: 502,
  WORKER_CRASHED: 502,
  LEASE_EXPIRED: 502,
  EXECUTION_TIMEOUT: 504,
  TTL_EXPIRED: 504,
  CANCELLED: 499,
};

/** Why a job that ended without a result has none; `failure` is that of its last attempt. */
export function openAiErrorOfJob(job: Job, failure: FailureType | undefined): OpenAiError {
  const type = failure ?? (job.status === 'TIMED_OUT' ? 'TTL_EXPIRED' : undefined);
  if (job.status === 'CANCELLED') return openAiErrorOf(499, 'CANCELLED', 'the request was cancelled', false);
  const message = job.error ?? 'the job failed and gave no reason';
  const status = type && STATUS_OF_FAILURE[type];
  if (status !== undefined && type !== undefined) return openAiErrorOf(status, type, message, false);
  return openAiErrorOfText(message, type ?? 'HANDLER_ERROR');
}

/** The error that an answer is, or undefined for one that is none: `{"error":{…}}`, or vLLM's `{"object":"error"}`. */
export function openAiErrorOfAnswer(answer: unknown): OpenAiError | undefined {
  if (!isRecord(answer)) return undefined;
  if (answer.object === 'error' && typeof answer.message === 'string') return errorOfFields(answer);
  if (isRecord(answer.error)) return errorOfFields(answer.error);
  if (typeof answer.error === 'string' && answer.error !== '') return openAiErrorOfText(answer.error);
  return undefined;
}

/** The text of a failed job: a sentence, an error object as JSON or as Python writes it, or a worker's exception. */
function openAiErrorOfText(text: string, code = 'HANDLER_ERROR'): OpenAiError {
  const value = parseObjectText(text);
  if (value && typeof value.error_message === 'string') {
    return openAiErrorOf(500, code, value.error_message, false);
  }
  const nested = isRecord(value?.error) ? value.error : value;
  if (nested && typeof nested.message === 'string') return errorOfFields(nested);
  return openAiErrorOf(500, code, text, false);
}

function parseObjectText(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = parsePythonLiteral(text);
  }
  return isRecord(value) ? value : undefined;
}

function errorOfFields(fields: Record<string, unknown>): OpenAiError {
  const code = typeof fields.code === 'string' || typeof fields.code === 'number' ? fields.code : null;
  const status = statusOf(code, String(fields.type ?? ''));
  return {
    status,
    // A worker that says "too many" or "not now" means it; its other 5xx come again.
    isWorthRetrying: status === 429 || status === 503,
    message: typeof fields.message === 'string' ? fields.message : JSON.stringify(fields),
    type: typeof fields.type === 'string' ? fields.type : typeOf(status),
    param: typeof fields.param === 'string' ? fields.param : null,
    code,
  };
}

/** Names of errors as vLLM and OpenAI give them, where the code is no HTTP status. */
const STATUS_OF_NAME: readonly (readonly [RegExp, number])[] = [
  [/authentication|unauthorized/i, 401],
  [/permission|forbidden/i, 403],
  [/not_?found/i, 404],
  [/rate_?limit|quota/i, 429],
  [/unavailable|overloaded/i, 503],
  [/timeout/i, 504],
  [/bad_?request|invalid|validation|unprocessable|context_length|value_?error/i, 400],
];

function statusOf(code: string | number | null, type: string): number {
  const number = Number(code);
  if (code !== null && Number.isInteger(number) && number >= 400 && number <= 599) return number;
  const name = `${code ?? ''} ${type}`;
  return STATUS_OF_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? 500;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
