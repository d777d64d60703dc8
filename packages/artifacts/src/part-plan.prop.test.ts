import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkParts, partCount, partSize, planParts, S3_LIMITS } from './part-plan.ts';

const MIB = 1024 * 1024;
const LARGEST = Math.floor(4.995 * 1024 ** 4);
const sizes = fc.oneof(fc.integer({ min: 1, max: 200 * MIB }), fc.integer({ min: 1, max: LARGEST }));

test('a plan keeps to the rules of S3 and R2 for every size up to the largest', () => {
  fc.assert(
    fc.property(sizes, (sizeBytes) => {
      const plan = planParts(sizeBytes);
      const count = partCount(plan);
      expect(count).toBeLessThanOrEqual(S3_LIMITS.mostParts);
      expect(plan.partSizeBytes).toBeGreaterThanOrEqual(S3_LIMITS.smallestPartBytes);
      expect(plan.partSizeBytes % MIB).toBe(0);
      // All equal but the last, which is no longer, and together they are the whole.
      const last = partSize(plan, count);
      expect(last).toBeGreaterThan(0);
      expect(last).toBeLessThanOrEqual(plan.partSizeBytes);
      expect((count - 1) * plan.partSizeBytes + last).toBe(sizeBytes);
    }),
  );
});

test('parts are complete in any order, and not with one missing or of another length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 * MIB }), fc.nat(), (sizeBytes, pick) => {
      const plan = planParts(sizeBytes);
      const parts = Array.from({ length: partCount(plan) }, (_, index) => ({
        ...{ partNumber: index + 1, sizeBytes: partSize(plan, index + 1), etag: '"x"' },
      })).toReversed();
      expect(() => checkParts(plan, parts)).not.toThrow();
      const chosen = pick % parts.length;
      expect(() => checkParts(plan, parts.toSpliced(chosen, 1))).toThrow(/missing/);
      const shorter = parts.map((part, index) =>
        index === chosen ? { ...part, sizeBytes: part.sizeBytes - 1 } : part,
      );
      expect(() => checkParts(plan, shorter)).toThrow(/send it again/);
    }),
  );
});
