import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const bounds = fc
  .record({ baseMs: fc.integer({ min: 1, max: 5_000 }), factor: fc.integer({ min: 1, max: 1_000 }) })
  .map(({ baseMs, factor }) => ({ baseMs, maxMs: baseMs * factor }));

test('a wait lies between half the base and the maximum, however many failures there were', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), bounds, random, (failures, limits, draw) => {
      const ms = backoffMs(failures, limits, () => draw);
      expect(ms).toBeGreaterThanOrEqual(limits.baseMs / 2);
      expect(ms).toBeLessThanOrEqual(limits.maxMs);
    }),
  );
});

test('with the same draw a further failure never waits less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), bounds, random, (failures, limits, draw) => {
      const first = backoffMs(failures, limits, () => draw);
      expect(backoffMs(failures + 1, limits, () => draw)).toBeGreaterThanOrEqual(first);
    }),
  );
});

test('the wait doubles until the maximum', () => {
  const waits = [1, 2, 3, 4, 5].map((n) => backoffMs(n, { baseMs: 8, maxMs: 50 }, () => 1));
  expect(waits).toEqual([8, 16, 32, 50, 50]);
});
