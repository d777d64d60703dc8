import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSharedTime } from './shared-time.ts';

/** Attempts of one worker: when each begins, and how long it runs. */
const attempts = fc.array(
  fc.record({ from: fc.integer({ min: 0, max: 5_000 }), ms: fc.integer({ min: 1, max: 5_000 }) }),
  { minLength: 1, maxLength: 12 },
);

function shares(all: readonly { from: number; ms: number }[]): Map<number, number> {
  const shared = createSharedTime();
  const changes = all
    .flatMap(({ from, ms }, index) => [
      { at: from, index, begins: true },
      { at: from + ms, index, begins: false },
    ])
    .toSorted((a, b) => a.at - b.at || Number(a.begins) - Number(b.begins));
  const got = new Map<number, number>();
  for (const { at, index, begins } of changes) {
    if (begins) shared.begin('w', String(index), at);
    else {
      got.set(index, shared.shareOf('w', String(index), at) ?? Number.NaN);
      shared.end('w', String(index), at);
    }
  }
  return got;
}

test('shares of attempts that ran side by side are together the time in which any of them ran', () => {
  fc.assert(
    fc.property(attempts, (all) => {
      const busy = new Set(all.flatMap(({ from, ms }) => Array.from({ length: ms }, (_, i) => from + i)))
        .size;
      const got = [...shares(all).values()];
      expect(got.reduce((sum, one) => sum + one, 0)).toBeCloseTo(busy, 3);
      for (const [index, share] of shares(all))
        expect(share).toBeLessThanOrEqual((all[index]?.ms ?? 0) + 1e-6);
    }),
    { numRuns: 60 },
  );
});

test('an attempt that runs alone has all of its time, one beside another half of the time of both', () => {
  expect(shares([{ from: 0, ms: 1_000 }]).get(0)).toBe(1_000);
  const both = shares([
    { from: 0, ms: 10_000 },
    { from: 4_000, ms: 10_000 },
  ]);
  expect([both.get(0), both.get(1)]).toEqual([7_000, 7_000]);
});

test('an attempt whose beginning was not seen has no share', () => {
  expect(createSharedTime().shareOf('w', 'a', 5)).toBeUndefined();
});
