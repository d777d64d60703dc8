import { expect, test } from 'vitest';
import { chargedSeconds, costOf, decimalDollars, dollarsText, microsOf } from './money.ts';

test('a second costs what the price table says to the millionth, an hour 3600 of them', () => {
  const perHour = 439 * 3_600;
  expect(costOf(1, perHour)).toBe(439);
  expect(costOf(3_600, perHour)).toBe(439 * 3_600);
  expect(costOf(3_601, perHour)).toBe(439 * 3_601);
  // A price that is no whole number of millionths a second is rounded once, not for each second.
  expect(costOf(10, microsOf(0.4))).toBe(1_111);
  expect(costOf(3_600 * 24 * 365 * 10, microsOf(1_000))).toBe(microsOf(1_000) * 24 * 365 * 10);
});

test('a second that was begun is charged', () => {
  expect([0, 1, 999, 1_000, 1_001].map(chargedSeconds)).toEqual([0, 1, 1, 1, 2]);
});

test('amounts are written exactly for tables, and shortly for people', () => {
  expect([0, 5, 12_345_678, 1_500_000, -310].map(decimalDollars)).toEqual([
    ...['0.00', '0.000005', '12.345678', '1.50', '-0.00031'],
  ]);
  expect([0, 310, 4_200, 1_234_567, -310].map(dollarsText)).toEqual([
    ...['$0.00', '$0.00031', '$0.0042', '$1.23', '-$0.00031'],
  ]);
});
