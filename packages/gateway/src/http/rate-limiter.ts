import type { Clock } from '@spillway/sdk/clock';
import type { RateLimited, RateLimits } from '../config/rate-limits.ts';
import { GatewayError } from '../errors.ts';
import type { Caller } from './auth.ts';

/**
 * How often one key may call one kind of operation: a bucket that holds ten seconds' worth and fills steadily, so that a
 * burst is as good as a steady stream. Admins and workers are not limited. An upload token has a tenth of what a key has: it
 * is in a page that anybody opens.
 */
export interface RateLimiter {
  /** Takes one request out of the caller's bucket; undefined where there is no limit. */
  take(caller: Caller, operation: RateLimited): Allowance | undefined;
}

export interface Allowance {
  readonly isAllowed: boolean;
  /** Requests in ten seconds. */
  readonly limit: number;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Milliseconds until the next request is allowed; 0 while one is. */
  readonly retryAfterMs: number;
  /** Milliseconds until the bucket is full again. */
  readonly resetMs: number;
}

export const WINDOW_MS = 10_000;
/** A bucket fills in one window, so each request is as many parts as the window has milliseconds. */
const PARTS_OF_REQUEST = WINDOW_MS;

/** Upload tokens come and go: buckets that have been full for long are forgotten. */
const MOST_BUCKETS = 10_000;
const LIMITED: ReadonlySet<string> = new Set(['client', 'viewer', 'upload']);
const TOKENS_PART = 0.1;

export function createRateLimiter(limits: RateLimits, clock: Clock): RateLimiter {
  // Counted in parts of a request so small that a millisecond brings a whole number of them, `limit` of them: sums of
  // fractions would now and then miss the one request by a hair, and refuse who has waited as told.
  const buckets = new Map<string, { parts: number; at: number }>();

  function forgetFull(now: number): void {
    for (const [name, { at }] of buckets) if (now - at >= WINDOW_MS) buckets.delete(name);
  }
  return {
    take({ scope, keyId }, operation) {
      const ofKeys = limits[operation];
      if (ofKeys === 0 || keyId === undefined || !LIMITED.has(scope)) return undefined;
      const limit = scope === 'upload' ? Math.ceil(ofKeys * TOKENS_PART) : ofKeys;
      const name = `${keyId} ${operation}`;
      const now = clock.now();
      const full = limit * PARTS_OF_REQUEST;
      let bucket = buckets.get(name);
      if (!bucket) {
        if (buckets.size >= MOST_BUCKETS) forgetFull(now);
        bucket = { parts: full, at: now };
        buckets.set(name, bucket);
      }
      bucket.parts = Math.min(full, bucket.parts + (now - bucket.at) * limit);
      bucket.at = now;
      const isAllowed = bucket.parts >= PARTS_OF_REQUEST;
      if (isAllowed) bucket.parts -= PARTS_OF_REQUEST;
      return {
        isAllowed,
        limit,
        remaining: Math.floor(bucket.parts / PARTS_OF_REQUEST),
        retryAfterMs: isAllowed ? 0 : Math.ceil((PARTS_OF_REQUEST - bucket.parts) / limit),
        resetMs: Math.ceil((full - bucket.parts) / limit),
      };
    },
  };
}

/** The headers that tell a client how it stands: the IETF's draft names, and `Retry-After` once it has to wait. */
export function rateLimitHeaders(operation: RateLimited, allowance: Allowance): Record<string, string> {
  const { isAllowed, limit, remaining, retryAfterMs, resetMs } = allowance;
  return {
    'ratelimit-policy': `"${operation}";q=${limit};w=${WINDOW_MS / 1000}`,
    ratelimit: `"${operation}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
    ...(isAllowed ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
  };
}

/** Throws RATE_LIMITED for a request that is over the limit. */
export function refuseIfSpent(operation: RateLimited, { isAllowed, limit, retryAfterMs }: Allowance): void {
  if (isAllowed) return;
  throw new GatewayError(
    'RATE_LIMITED',
    `too many requests: this key may make ${limit} of kind ${operation} in ${WINDOW_MS / 1000} s; try again in ${retryAfterMs} ms`,
  );
}
