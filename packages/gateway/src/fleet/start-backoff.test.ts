import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addFailure,
  GIVE_UP_AFTER,
  hasGivenUp,
  NO_FAILURES,
  RETRY_GIVEN_UP_MS,
  resumeStarts,
  type StartBackoff,
  startsAllowed,
} from './start-backoff.ts';

function failed(times: number, now = 0): StartBackoff {
  let backoff = NO_FAILURES;
  for (let i = 0; i < times; i += 1) backoff = addFailure(backoff, 'x', now);
  return backoff;
}

test('the wait doubles, and is five minutes once given up', () => {
  expect([1, 2, 3, 4, 5, 6].map((times) => failed(times).nextTryAt)).toEqual([
    1_000, 2_000, 4_000, 8_000, 300_000, 300_000,
  ]);
  expect(hasGivenUp(failed(GIVE_UP_AFTER - 1))).toBe(false);
  expect(hasGivenUp(failed(GIVE_UP_AFTER))).toBe(true);
});

test('without failures any number may start, after one only one at a time', () => {
  expect(startsAllowed(NO_FAILURES, 7, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(startsAllowed(failed(1), 0, 999)).toBe(0);
  expect(startsAllowed(failed(1), 0, 1_000)).toBe(1);
  expect(startsAllowed(failed(1), 1, 1_000)).toBe(0);
});

test('who asks for it gets one start at once, and another failure brings the wait back', () => {
  const resumed = resumeStarts(failed(5), 60_000);
  expect(startsAllowed(resumed, 0, 60_000)).toBe(1);
  const again = addFailure(resumed, 'x', 61_000);
  expect(startsAllowed(again, 0, 61_000)).toBe(0);
  expect(again.nextTryAt).toBe(61_000 + RETRY_GIVEN_UP_MS);
});

test('the wait never shrinks with further failures and stays within its bounds', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(), (times, now) => {
      const wait = failed(times + 1, now).nextTryAt - now;
      expect(wait).toBeGreaterThanOrEqual(failed(times, now).nextTryAt - now || 0);
      expect(wait).toBeGreaterThanOrEqual(1_000);
      expect(wait).toBeLessThanOrEqual(RETRY_GIVEN_UP_MS);
    }),
  );
});
