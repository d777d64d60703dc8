import type { Clock } from '../clock/clock.ts';
import { describeNetworkError } from '../describe-error.ts';
import { SDK_VERSION } from '../version.ts';
import type { StartExchange } from './http-exchange.ts';

/**
 * One HTTP exchange with the server, bounded in time, that never throws: whatever went wrong is a value. It knows the
 * key and nothing of jobs.
 */
export type Link = (request: LinkRequest) => Promise<LinkResult>;

export interface LinkRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Longest wait for the answer's head; the body then has `BODY_DEADLINE_MS`. */
  readonly deadlineMs: number;
  /** Gives up waiting for an answer. An answer that has begun is still read to its end: it may carry a job. */
  readonly signal?: AbortSignal;
}

export interface LinkReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly text: string;
}

export type LinkResult =
  | LinkReply
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface LinkOptions {
  readonly startExchange: StartExchange;
  readonly clock: Clock;
  readonly key: string | undefined;
}

const BODY_DEADLINE_MS = 120_000;

export function createLink({ startExchange, clock, key }: LinkOptions): Link {
  const headers: Record<string, string> = {
    'user-agent': `Spillway-SDK/${SDK_VERSION} (worker)`,
    accept: '*/*',
    ...(key === undefined ? {} : { authorization: key }),
  };

  return async ({ method, url, body, contentType, deadlineMs, signal }) => {
    if (signal?.aborted) return { kind: 'aborted' };
    let cut: 'timeout' | 'aborted' | undefined;
    const exchange = startExchange({
      method,
      url,
      headers: contentType === undefined ? headers : { ...headers, 'content-type': contentType },
      body,
      onHead() {
        signal?.removeEventListener('abort', onAbort);
        stopDeadline();
        stopDeadline = clock.timer(BODY_DEADLINE_MS, () => cutBy('timeout'));
      },
    });
    const cutBy = (kind: 'timeout' | 'aborted') => {
      cut ??= kind;
      exchange.cut();
    };
    const onAbort = () => cutBy('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    let stopDeadline = clock.timer(deadlineMs, () => cutBy('timeout'));
    try {
      const { status, retryAfter, text } = await exchange.reply;
      return { kind: 'reply', status, retryAfterMs: retryAfterMs(retryAfter), text };
    } catch (error) {
      return cut ? { kind: cut } : { kind: 'unreachable', reason: describeNetworkError(error) };
    } finally {
      signal?.removeEventListener('abort', onAbort);
      stopDeadline();
    }
  };
}

/** Only the form in seconds; a date would need the wall clock, and the caller's own back-off serves as well. */
function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
