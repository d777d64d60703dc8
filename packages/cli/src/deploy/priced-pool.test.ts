import { expect, test } from 'vitest';
import { pricedCards } from './priced-pool.ts';

const PRICED = (pool: string) =>
  new Map([
    ['AMPERE_24', 0.68],
    ['ADA_24', 1.12],
  ]).get(pool);

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
