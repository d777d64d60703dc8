import { expect, test } from 'vitest';
import { pricedCards } from './priced-pool.ts';

const PRICED = [
  { id: 'AMPERE_24', flexPerSecond: 0.00019 },
  { id: 'ADA_24', flexPerSecond: 0.00031 },
];

test('of several pools the dearest prices a job, whatever their order', () => {
  expect(pricedCards({ pools: ['ADA_24', 'AMPERE_24'], count: 2 }, PRICED)).toEqual({
    gpuPool: 'ADA_24',
    gpuCount: 2,
  });
  expect(pricedCards({ pools: ['AMPERE_24'] }, PRICED)).toEqual({ gpuPool: 'AMPERE_24' });
});

test('where one of them has no price, or there are none, nothing is said: it could cost more', () => {
  expect(pricedCards({ pools: ['AMPERE_24', 'NEW_999'] }, PRICED)).toEqual({});
  expect(pricedCards(undefined, PRICED)).toEqual({});
});
