import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';
import { describeNetworkError } from '../describe-error.ts';
import { errorOfReply, RunpodError } from './runpod-error.ts';

/**
 * One call of the management API with its repeats. A call that can't have done anything (429, nobody reached) is made
 * again; one that may have is made again only where that changes nothing (GET, PATCH, DELETE): a second POST could make a
 * second machine.
 */
export interface CallerOptions {
  readonly apiKey: string;
  /** Without a slash at its end. */
  readonly root: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** Told before each wait, so that a person knows why nothing happens. */
  readonly onWait?: (reason: string, ms: number) => void;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** What is tried, for its errors: "create endpoint spillway-clip". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

export type Caller = (call: Call) => Promise<unknown>;

const TIMEOUT_MS = 60_000;
const TRIES = 6;
const BOUNDS = { baseMs: 1000, maxMs: 30_000 };
/** The service's windows are minutes; a longer wait than this is for its user to decide. */
const LONGEST_RETRY_AFTER_MS = 120_000;

/** Errors of a connection that never came to be. */
const NOT_REACHED = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
]);

export function createCaller(options: CallerOptions): Caller {
  return async (call) => {
    for (let failures = 1; ; failures += 1) {
      try {
        return await send(options, call);
      } catch (error) {
        if (!(error instanceof RunpodError)) throw error;
        const waitMs = decideWait(error, call, failures, options.random);
        if (waitMs === undefined || call.signal?.aborted) throw error;
        options.onWait?.(error.message, waitMs);
        await options.clock.sleep(waitMs, call.signal);
        call.signal?.throwIfAborted();
      }
    }
  };
}

/** Milliseconds until the next try; undefined where there is none. */
function decideWait(
  error: RunpodError,
  { method }: Call,
  failures: number,
  random: () => number,
): number | undefined {
  const isTransient = ['RATE_LIMITED', 'SERVER', 'UNREACHABLE'].includes(error.code);
  const isSafe = !error.mayHaveArrived || method !== 'POST';
  if (!isTransient || !isSafe || failures >= TRIES) return undefined;
  const asked = error.retryAfterMs;
  if (asked !== undefined && asked > LONGEST_RETRY_AFTER_MS) return undefined;
  return Math.max(asked ?? 0, backoffMs(failures, BOUNDS, random));
}

async function send(options: CallerOptions, { method, path, body, what, signal }: Call): Promise<unknown> {
  const response = await exchange(options, { method, path, body, what, signal });
  if (response.status < 200 || response.status > 299) {
    const { status, text } = response;
    throw errorOfReply(what, { status, text, retryAfter: response.retryAfter });
  }
  if (response.status === 204 || response.text === '') return undefined;
  try {
    return JSON.parse(response.text);
  } catch {
    throw new RunpodError({
      ...{ code: 'BAD_REPLY', status: response.status, mayHaveArrived: true },
      message: `${what}: RunPod's answer is no JSON; is RUNPOD_API_BASE_URL the address of its API?`,
    });
  }
}

async function exchange(options: CallerOptions, { method, path, body, what, signal }: Call) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await options.fetch(`${options.root}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      // A redirect could take the key elsewhere.
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      text: await response.text(),
      retryAfter: response.headers.get('retry-after'),
    };
  } catch (error) {
    signal?.throwIfAborted();
    const reason = timeout.aborted ? `no answer in ${TIMEOUT_MS / 1000} s` : describeNetworkError(error);
    throw new RunpodError({
      ...{ code: 'UNREACHABLE', status: 0, mayHaveArrived: !NOT_REACHED.has(codeOf(error) ?? '') },
      message: `${what}: ${new URL(options.root).host} gave no answer (${reason})`,
    });
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? undefined : codeOf(cause);
}
