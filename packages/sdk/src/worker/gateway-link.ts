import type { Clock } from '../clock/clock.ts';
import { describeNetworkError } from '../describe-error.ts';
import { SDK_VERSION } from '../version.ts';

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
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly key: string | undefined;
}

const BODY_DEADLINE_MS = 120_000;

export function createLink({ fetch, clock, key }: LinkOptions): Link {
  const headers: Record<string, string> = {
    'user-agent': `Spillway-SDK/${SDK_VERSION} (worker)`,
    ...(key === undefined ? {} : { authorization: key }),
  };

  return async (request) => {
    if (request.signal?.aborted) return { kind: 'aborted' };
    const controller = new AbortController();
    let cut: 'timeout' | 'aborted' | undefined;
    const cutBy = (kind: 'timeout' | 'aborted') => {
      cut ??= kind;
      controller.abort();
    };
    const onAbort = () => cutBy('aborted');
    request.signal?.addEventListener('abort', onAbort, { once: true });
    let deadline = startDeadline(clock, request.deadlineMs, () => cutBy('timeout'));
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: { ...headers, ...(request.contentType ? { 'content-type': request.contentType } : {}) },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: controller.signal,
      });
      request.signal?.removeEventListener('abort', onAbort);
      deadline.cancel();
      deadline = startDeadline(clock, BODY_DEADLINE_MS, () => cutBy('timeout'));
      const text = await response.text();
      return { kind: 'reply', status: response.status, retryAfterMs: retryAfterMs(response), text };
    } catch (error) {
      return cut ? { kind: cut } : { kind: 'unreachable', reason: describeNetworkError(error) };
    } finally {
      request.signal?.removeEventListener('abort', onAbort);
      deadline.cancel();
    }
  };
}

function startDeadline(clock: Clock, ms: number, onOver: () => void): { cancel(): void } {
  const cancelled = new AbortController();
  void clock.sleep(ms, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) onOver();
  });
  return { cancel: () => cancelled.abort() };
}

/** Only the form in seconds; a date would need the wall clock, and the caller's own back-off serves as well. */
function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
