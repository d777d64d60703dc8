import { type BackoffBounds, backoffMs, type Clock } from '@spillway/sdk/clock';
import { createAddressRules, GuardError, type GuardedStream, guardedOpen } from '@spillway/sdk/net';
import { CliError } from '../../cli-error.ts';

/** Calls of an origin: through the guard, with back-off, and with a sentence for each way they fail. */
export interface RemoteCalls {
  /** Once, as it comes; the caller repeats it. Rejects with a CliError for what repeating won't change. */
  open(url: string, options: CallOptions): Promise<GuardedStream>;
  /** A small document, tried again where that may help. */
  readText(url: string, options: CallOptions & { readonly maxBytes: number }): Promise<string>;
  /** Waits before a try; `failures` in a row lie behind it. */
  pause(failures: number, error: unknown, signal: AbortSignal): Promise<void>;
}

export interface CallOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What an answer that is none means here; undefined leaves it to the general sentences. */
  readonly explain?: (status: number, header: (name: string) => string) => CliError | undefined;
}

export interface CallsOptions {
  /** The origin's own URL: what its user named may be called wherever it is. */
  readonly origin: string;
  /** Besides it and the public internet. */
  readonly allow: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
}

const BACKOFF: BackoffBounds = { baseMs: 500, maxMs: 30_000 };
/** Failures in a row, without a byte between them, after which an origin is given up on. */
export const MOST_FAILURES = 6;
const LONGEST_WAIT_MS = 120_000;
const IDLE_MS = 30_000;
const MAX_REDIRECTS = 5;

/** What may pass by itself: the origin is busy, away for a moment, or was cut off. */
export class PassingError extends Error {
  override readonly name = 'PassingError';
  readonly code: string;
  /** When the origin says to come back. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export function createRemoteCalls({ origin, allow, clock, random }: CallsOptions): RemoteCalls {
  const rules = createAddressRules([new URL(origin).host, ...allow]);

  async function open(
    url: string,
    { method = 'GET', headers, signal, explain }: CallOptions,
  ): Promise<GuardedStream> {
    const answer = await guardedOpen(url, {
      headers: { 'accept-encoding': 'identity', 'user-agent': 'spillway', ...headers },
      ...{ method, rules, signal, maxRedirects: MAX_REDIRECTS, idleTimeoutMs: IDLE_MS },
    }).catch((error: unknown) => {
      throw signal.aborted ? error : describeFailure(error, url);
    });
    if ([200, 206, 416].includes(answer.status)) return answer;
    answer.close();
    const header = (name: string) => String(answer.headers[name] ?? '');
    throw (
      explain?.(answer.status, header) ?? refusal(answer.status, answer.url, header('retry-after'), clock)
    );
  }

  async function pause(failures: number, error: unknown, signal: AbortSignal): Promise<void> {
    const asked = error instanceof PassingError ? error.retryAfterMs : undefined;
    const waitMs = Math.min(LONGEST_WAIT_MS, asked ?? backoffMs(failures, BACKOFF, random));
    await clock.sleep(waitMs, signal);
    signal.throwIfAborted();
  }

  return {
    open,
    pause,
    async readText(url, options) {
      for (let failures = 1; ; failures += 1) {
        try {
          return await readAll(await open(url, options), options.maxBytes, options.signal);
        } catch (error) {
          if (!(error instanceof PassingError)) throw error;
          if (failures >= MOST_FAILURES) throw new CliError(error.code, error.message);
          await pause(failures, error, options.signal);
        }
      }
    },
  };
}

async function readAll(answer: GuardedStream, maxBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += chunk.length;
      if (size > maxBytes)
        throw new CliError('TOO_LARGE', `${placeOf(answer.url)} answered with more than ${maxBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CliError || signal.aborted ? error : describeFailure(error, answer.url);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A URL without its query, which may hold a signature. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** The sentence for a failure of the network. */
export function describeFailure(error: unknown, url: string): Error {
  const { host } = new URL(url);
  if (error instanceof GuardError) {
    const hint =
      error.code === 'URL_NOT_ALLOWED'
        ? ' SPILLWAY_ALLOW_PRIVATE_URLS opens hosts and networks for pulls.'
        : '';
    const sentence = `${host}: ${error.message.replace(/; the operator can open it with allowPrivateUrls/, '')}.${hint}`;
    return error.code === 'TOO_SLOW'
      ? new PassingError(error.code, sentence)
      : new CliError(error.code, sentence);
  }
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason =
    REASONS[code] ?? (/CERT|TLS|SSL/.test(code) ? `its certificate is not good (${code})` : message);
  const sentence = `${host} can't be reached: ${reason}.`;
  return /CERT|TLS|SSL/.test(code)
    ? new CliError('UNREACHABLE', sentence)
    : new PassingError('UNREACHABLE', sentence);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name could not be looked up just now',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'there is no network',
};

function refusal(status: number, url: string, retryAfter: string, clock: Clock): Error {
  const place = placeOf(url);
  if (status === 401 || status === 403)
    return new CliError('UNAUTHORIZED', `${place} may not be read (HTTP ${status}).`);
  if (status === 404 || status === 410)
    return new CliError('NOT_FOUND', `There is nothing at ${place} (HTTP ${status}).`);
  if (status === 429)
    return new PassingError(
      'RATE_LIMITED',
      `${place} was asked too often (HTTP 429). Try again later.`,
      retryMs(retryAfter, clock),
    );
  if (status >= 500 || status === 408)
    return new PassingError(
      'UNAVAILABLE',
      `${place} fails just now (HTTP ${status}). Try again later.`,
      retryMs(retryAfter, clock),
    );
  return new CliError('BAD_ANSWER', `${place} answered HTTP ${status} instead of the file.`);
}

/** `Retry-After`: seconds or a date. */
function retryMs(text: string, clock: Clock): number | undefined {
  if (text === '') return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - clock.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
