import type { Clock } from '@spillway/sdk/clock';
import type { RateLimited, RateLimits } from '../config/rate-limits.ts';
import type { Caller } from './auth.ts';

/**
 * How often one key may call one kind of operation: a bucket that holds ten seconds' worth and fills steadily, so that a
 * burst is as good as a steady stream. Admins and workers are not limited.
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

export function createRateLimiter(limits: RateLimits, clock: Clock): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take({ scope, keyId }, operation) {
      const limit = limits[operation];
      if (limit === 0 || keyId === undefined || (scope !== 'client' && scope !== 'viewer')) return undefined;
      const name = `${keyId} ${operation}`;
      const now = clock.now();
      const bucket = buckets.get(name) ?? { tokens: limit, at: now };
      buckets.set(name, bucket);
      const perMs = limit / WINDOW_MS;
      bucket.tokens = Math.min(limit, bucket.tokens + (now - bucket.at) * perMs);
      bucket.at = now;
      const isAllowed = bucket.tokens >= 1;
      if (isAllowed) bucket.tokens -= 1;
      return {
        isAllowed,
        limit,
        remaining: Math.floor(bucket.tokens),
        retryAfterMs: isAllowed ? 0 : Math.ceil((1 - bucket.tokens) / perMs),
        resetMs: Math.ceil((limit - bucket.tokens) / perMs),
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
