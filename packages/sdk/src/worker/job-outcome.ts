import type { FailureType } from '@spillway/protocol';
import { SDK_VERSION } from '../version.ts';
import { encodeJson } from './encode-json.ts';
import type { AttemptIdentity } from './job-context.ts';
import { JobError } from './job-error.ts';
import { PlainOutput } from './plain-output.ts';

/** How an attempt ended, outputs already as JSON text. */
export type Outcome =
  | { readonly status: 'COMPLETED'; readonly outputJson: string }
  | FailedOutcome
  /** The server stopped the job: nothing is reported. */
  | { readonly status: 'STOPPED' };

export interface FailedOutcome {
  readonly status: 'FAILED';
  /** What the client sees as `error`. */
  readonly error: string;
  readonly failure: { readonly type: FailureType; readonly isRetryable: boolean | undefined };
  readonly outputJson?: string;
}

/**
 * The outcome of a returned value, by RunPod's rules: an object with a truthy `error` is a failure that keeps its other
 * keys as output, and `refresh_worker: true` asks for a fresh worker.
 */
export function outcomeOfReturn(value: unknown): { outcome: Outcome; isRefreshAsked: boolean } {
  if (value instanceof PlainOutput) return { outcome: completed(value.value), isRefreshAsked: false };
  if (!isPlainObject(value)) return { outcome: completed(value), isRefreshAsked: false };
  const isRefreshAsked = value.refresh_worker === true;
  const output = isRefreshAsked ? without(value, 'refresh_worker') : value;
  if (!output.error) return { outcome: completed(output), isRefreshAsked };
  const rest = without(output, 'error');
  const outcome: FailedOutcome = {
    status: 'FAILED',
    error: errorText(output.error),
    failure: { type: 'HANDLER_ERROR', isRetryable: undefined },
    ...(Object.keys(rest).length === 0 ? {} : { outputJson: encodeJson(rest, 'output') }),
  };
  return { outcome, isRefreshAsked };
}

/** A yielded object with a truthy `error` ends the stream as a failure. */
export function failureOfChunk(chunk: unknown): FailedOutcome | undefined {
  if (!isPlainObject(chunk) || !chunk.error) return undefined;
  return {
    status: 'FAILED',
    error: errorText(chunk.error),
    failure: { type: 'HANDLER_ERROR', isRetryable: undefined },
  };
}

/**
 * The outcome of something thrown. A `JobError`, and any error whose class name ends in `InputError`, is meant for the
 * client and gives its plain sentence. Anything else gives the JSON text that RunPod's clients know.
 */
export function outcomeOfError(thrown: unknown, identity: AttemptIdentity): FailedOutcome {
  if (thrown instanceof JobError) {
    const { message: error, type, isRetryable, output } = thrown;
    const failed = { status: 'FAILED', error, failure: { type, isRetryable } } as const;
    return output === undefined ? failed : { ...failed, outputJson: encodeJson(output, 'output') };
  }
  if (
    thrown instanceof Error &&
    (thrown.name.endsWith('InputError') || classNameOf(thrown).endsWith('InputError'))
  ) {
    const failure = { type: 'INPUT_INVALID', isRetryable: false } as const;
    return { status: 'FAILED', error: thrown.message, failure };
  }
  const error = JSON.stringify({
    error_type: thrown instanceof Error ? classNameOf(thrown) : typeof thrown,
    error_message: thrown instanceof Error ? thrown.message : String(thrown),
    error_traceback: (thrown instanceof Error && thrown.stack) || '',
    hostname: identity.hostname,
    worker_id: identity.workerId,
    spillway_version: SDK_VERSION,
  });
  return { status: 'FAILED', error, failure: { type: 'HANDLER_ERROR', isRetryable: undefined } };
}

function completed(value: unknown): Outcome {
  return { status: 'COMPLETED', outputJson: encodeJson(value, 'output') };
}

/** RunPod's service loses an error that isn't text, so ours always is. */
function errorText(error: unknown): string {
  return typeof error === 'string' ? error : encodeJson(error, 'error');
}

function classNameOf(error: Error): string {
  return error.constructor.name || error.name;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(value: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}
