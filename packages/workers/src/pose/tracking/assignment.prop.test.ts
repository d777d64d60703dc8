import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign } from './assignment.ts';

const matrix = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }),
      {
        minLength: rows,
        maxLength: rows,
      },
    ),
  );

/** What all ways to pair the rows from `row` on cost at least. */
function cheapest(costs: number[][], limit: number, row = 0, taken: readonly number[] = []): number {
  if (row === costs.length) return 0;
  const alone = limit + cheapest(costs, limit, row + 1, taken);
  return (costs[row] ?? []).reduce((least, cost, column) => {
    if (taken.includes(column) || cost >= limit) return least;
    return Math.min(least, cost + cheapest(costs, limit, row + 1, [...taken, column]));
  }, alone);
}

test('no other pairing is cheaper', () => {
  fc.assert(
    fc.property(matrix, fc.double({ min: 0.05, max: 1.2, noNaN: true }), (costs, limit) => {
      const pairs = assign(costs, limit);
      const cost = pairs.reduce((sum, [row, column]) => sum + (costs[row]?.[column] ?? 0), 0);
      expect(cost + (costs.length - pairs.length) * limit).toBeCloseTo(cheapest(costs, limit), 9);
    }),
  );
});

test('nobody has two partners, and no pair is at the limit or above', () => {
  fc.assert(
    fc.property(matrix, fc.double({ min: 0.05, max: 1.2, noNaN: true }), (costs, limit) => {
      const pairs = assign(costs, limit);
      expect(new Set(pairs.map(([row]) => row)).size).toBe(pairs.length);
      expect(new Set(pairs.map(([, column]) => column)).size).toBe(pairs.length);
      for (const [row, column] of pairs) expect(costs[row]?.[column]).toBeLessThan(limit);
    }),
  );
});
