import { expect, test } from 'vitest';
import { GIGABYTE } from './memory-text.ts';
import { fittingPools, RUNPOD_POOLS } from './runpod-pools.ts';

const ids = (gigabytes: number) => fittingPools({ memoryBytes: gigabytes * GIGABYTE }).map(({ id }) => id);

test('pools that fit come cheapest first', () => {
  expect(ids(7).slice(0, 3)).toEqual(['AMPERE_16', 'AMPERE_24', 'ADA_24']);
  expect(ids(30)).toEqual([
    ...['AMPERE_48', 'ADA_48_PRO', 'AMPERE_80', 'BLACKWELL_96'],
    ...['ADA_80_PRO', 'HOPPER_141', 'BLACKWELL_180'],
  ]);
  expect(ids(500)).toEqual([]);
});

test('a card has a little less memory than its name says', () => {
  expect(ids(22)[0]).toBe('AMPERE_24');
  expect(ids(23)[0]).toBe('AMPERE_48');
});

test('every pool is named once, has its price with date and source, and a worker that always runs is cheaper', () => {
  expect(new Set(RUNPOD_POOLS.map(({ id }) => id)).size).toBe(RUNPOD_POOLS.length);
  for (const { cards, price, flexPerSecond, activePerSecond } of RUNPOD_POOLS) {
    expect(cards.length).toBeGreaterThan(0);
    expect(price.asOf).toMatch(/^2026-\d\d/);
    expect(price.source).not.toBe('');
    expect(activePerSecond ?? 0).toBeLessThan(flexPerSecond);
  }
});
