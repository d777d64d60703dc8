import type { JobReply } from '@spillway/protocol';
import { backoffMs } from '../backoff.ts';
import { ApiError } from '../client/api-error.ts';
import { type CallParts, type CallPlace, createCallPlace } from './call-place.ts';
import { CLIP_ERRORS, ClipClientError } from './clip-client-error.ts';
import type { ClipBackend, ClipPlace, ClipSettings } from './clip-settings.ts';
import { type ClipFallback, decideFallback } from './decide-fallback.ts';
import { clipErrorOf } from './read-reply.ts';
import type { ClipInput, SignInput } from './sign-input.ts';

/** One question at a time: where it is asked, how often, how long, and where then. */
export interface AskParts extends CallParts {
  readonly settings: ClipSettings;
  readonly sign: SignInput;
  /** Further tries at one place after an error that may pass. */
  readonly retries: number;
}

export interface Answered<T> {
  readonly value: T;
  readonly backend: ClipBackend;
  /** Set where RunPod could not answer and the local place did. */
  readonly fallback: ClipFallback | undefined;
}

/** `read` throws ClipClientError for a reply that is no answer. */
export type Ask = <T>(
  input: ClipInput,
  read: (reply: JobReply) => T,
  signal: AbortSignal | undefined,
) => Promise<Answered<T>>;

const BACKOFF = { baseMs: 100, maxMs: 5_000 };

export function createAsk(parts: AskParts): Ask {
  const { settings } = parts;
  const runpod = settings.runpod && createTry('runpod', settings.runpod, parts);
  const local = settings.local && createTry('local', settings.local, parts);
  return async (input, read, signal) => {
    if (settings.backend === 'off' || !(runpod ?? local)) throw disabled();
    let fallback: ClipFallback | undefined;
    if (runpod) {
      try {
        return { value: await runpod(input, read, signal), backend: 'runpod', fallback };
      } catch (error) {
        if (!(error instanceof ClipClientError)) throw error;
        fallback = decideFallback(error, { hasLocal: local !== undefined });
        if (!fallback) throw error;
      }
    }
    if (!local) throw disabled();
    try {
      return { value: await local(input, read, signal), backend: 'local', fallback };
    } catch (error) {
      throw fallback && error instanceof ClipClientError ? failedTwice(error, fallback) : error;
    }
  };
}

function disabled(): ClipClientError {
  const message = 'Embeddings are switched off (CLIP_INFERENCE_BACKEND=off); set it to runpod or local.';
  return new ClipClientError({ code: 'DISABLED', message, backend: 'off' });
}

function failedTwice(error: ClipClientError, { reason, code }: ClipFallback): ClipClientError {
  const sentence = error.message.replace(/[^.!?]$/, '$&.');
  const message = `${sentence} It was asked since RunPod failed with ${code}: ${reason}`;
  const { requestId, backend, cause } = error;
  return new ClipClientError({ code: error.code, message, requestId, backend, cause });
}

type Try = <T>(input: ClipInput, read: (reply: JobReply) => T, signal: AbortSignal | undefined) => Promise<T>;

function createTry(backend: ClipBackend, place: ClipPlace, parts: AskParts): Try {
  const { clock, random, retries, sign } = parts;
  const call: CallPlace = createCallPlace(place, parts);
  return async (input, read, given) => {
    given?.throwIfAborted();
    let last: ClipClientError | undefined;
    const over = new AbortController();
    const stopTimer = clock.timer(place.timeoutMs, () => over.abort(timeOver(backend, place, last)));
    const signal = given ? AbortSignal.any([given, over.signal]) : over.signal;
    try {
      for (let failures = 1; ; failures += 1) {
        try {
          return read(await call(sign(place.endpoint, input), signal));
        } catch (error) {
          given?.throwIfAborted();
          last = knownError(error, backend, input);
          if (!CLIP_ERRORS[last.code].isPassing || failures > retries) throw last;
        }
        await clock.sleep(Math.max(backoffMs(failures, BACKOFF, random), last.retryAfterMs ?? 0), signal);
        signal.throwIfAborted();
      }
    } finally {
      stopTimer();
    }
  };
}

/** With what the caller needs to find it. @throws what is neither the service's nor the network's. */
function knownError(error: unknown, backend: ClipBackend, { request_id: id }: ClipInput): ClipClientError {
  const known = error instanceof ApiError ? clipErrorOf(error) : error;
  if (!(known instanceof ClipClientError)) throw error;
  const { code, message, retryAfterMs, cause } = known;
  const requestId = known.requestId ?? (typeof id === 'string' ? id : undefined);
  return new ClipClientError({ code, message, requestId, backend, retryAfterMs, cause });
}

function timeOver(
  backend: ClipBackend,
  place: ClipPlace,
  last: ClipClientError | undefined,
): ClipClientError {
  const variable = backend === 'runpod' ? 'RUNPOD_TIMEOUT_S' : 'CLIP_LOCAL_TIMEOUT_S';
  const why = last ? ` The last try failed with ${last.code}: ${last.message}` : '';
  const message = `No answer from ${place.url} within ${place.timeoutMs / 1000} s (${variable}).${why}`;
  return new ClipClientError({ code: 'TIMEOUT', message, backend });
}
