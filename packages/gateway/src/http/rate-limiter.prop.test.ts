import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RATE_LIMITS, type RateLimits } from '../config/rate-limits.ts';
import { createRateLimiter, WINDOW_MS } from './rate-limiter.ts';

const limitsOf = (run: number): RateLimits => ({
  ...(Object.fromEntries(
    Object.entries(RATE_LIMITS).map(([name, row]) => [name, row.default]),
  ) as RateLimits),
  run,
});
const client = { scope: 'client', keyId: 'k' } as const;

test('no stretch of time has more than its share, and who waits as told is let in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 60 }),
      async (limit, pauses) => {
        const clock = createManualClock();
        const limiter = createRateLimiter(limitsOf(limit), clock);
        const allowedAt: number[] = [];
        for (const pause of pauses) {
          await clock.advance(pause);
          const allowance = limiter.take(client, 'run');
          if (allowance?.isAllowed) allowedAt.push(clock.now());
          else {
            await clock.advance(allowance?.retryAfterMs ?? 0);
            expect(limiter.take(client, 'run')?.isAllowed).toBe(true);
            allowedAt.push(clock.now());
          }
        }
        for (const [index, at] of allowedAt.entries()) {
          const within = allowedAt.slice(index).filter((later) => later - at < WINDOW_MS);
          // A full bucket, and what flows in meanwhile.
          expect(within.length).toBeLessThanOrEqual(2 * limit + 1);
        }
      },
    ),
    // With sums of fractions this one was told to wait too short a time.
    { numRuns: 50, examples: [[2, [123, 34, 268]]] },
  );
});

test('each key and each operation has a bucket of its own', () => {
  const limiter = createRateLimiter(limitsOf(1), createManualClock());
  expect(limiter.take(client, 'run')?.isAllowed).toBe(true);
  expect(limiter.take(client, 'run')?.isAllowed).toBe(false);
  expect(limiter.take({ ...client, keyId: 'other' }, 'run')?.isAllowed).toBe(true);
  expect(limiter.take(client, 'status')?.isAllowed).toBe(true);
});

test('admins, workers and operations without a limit are let through', () => {
  const limiter = createRateLimiter(limitsOf(0), createManualClock());
  expect(limiter.take({ scope: 'admin', keyId: 'admin' }, 'status')).toBeUndefined();
  expect(limiter.take({ scope: 'worker', keyId: 'w' }, 'status')).toBeUndefined();
  expect(limiter.take(client, 'run')).toBeUndefined();
});
