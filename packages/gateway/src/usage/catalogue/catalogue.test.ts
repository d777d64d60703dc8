import type { RunpodGpuType } from '@spillway/sdk/runpod';
import { expect, test } from 'vitest';
import { createPriceBook, NO_PRICES } from '../prices.ts';
import { catalogueOf } from './catalogue.ts';

const READ = { readAt: Date.UTC(2026, 10, 21, 14), url: 'https://api.runpod.io' };

const row = (more: Partial<RunpodGpuType>): RunpodGpuType => ({
  ...{ id: 'NVIDIA GeForce RTX 4090', name: 'RTX 4090', pool: 'ADA_24', memory: 24 },
  ...{ secure: true, community: true, price: { secure: 0.44, community: 0.31, serverless: 1.1 }, ...more },
});

test('a pool has the price of its cards, the dearest should they differ, and pods have one for each cloud', () => {
  const price = { secure: 0.39, community: 0.32 };
  const catalogue = catalogueOf(
    [
      row({}),
      row({ id: 'NVIDIA L4', name: 'L4', pool: 'AMPERE_24', price: { ...price, serverless: 0.68 } }),
      row({
        id: 'NVIDIA RTX A5000',
        name: 'A5000',
        pool: 'AMPERE_24',
        price: { ...price, serverless: 0.69 },
      }),
      row({
        id: 'AMD Instinct',
        name: 'MI300X',
        pool: null,
        community: false,
        price: { secure: 2.5, community: 0 },
      }),
    ],
    READ,
  );
  expect(catalogue.pools).toEqual({ ADA_24: 1_100_000, AMPERE_24: 690_000 });
  expect(catalogue.pods.at(-1)).toEqual({
    ...{ id: 'AMD Instinct', name: 'MI300X', memoryGb: 24, secureMicrosPerHour: 2_500_000 },
  });
});

test('rows that are not understood, and prices that are none, are left out; nothing at all is an error', () => {
  const price = { secure: 0.44, community: 0.31 };
  const odd = [
    { id: 'x' },
    null,
    row({ price: { ...price, serverless: 0 } }),
    row({ price: { ...price, serverless: -1 } }),
  ];
  expect(catalogueOf([...odd, row({ pool: 'HOPPER_141' })] as RunpodGpuType[], READ).pools).toEqual({
    HOPPER_141: 1_100_000,
  });
  expect(() => catalogueOf(odd as RunpodGpuType[], READ)).toThrow('tells no prices');
});

test('a price of the file holds over the catalogue, and that over the table; each says where it is from', () => {
  const catalogue = catalogueOf([row({}), row({ pool: 'AMPERE_24' })], READ);
  const settings = { ...NO_PRICES, runpod: { AMPERE_24: 500_000 } };
  const { runpod, pools } = createPriceBook(settings, () => catalogue);
  expect(runpod('ADA_24', 2)).toEqual({
    ...{ class: '2 × ADA_24', microsPerHour: 2_200_000, asOf: '2026-11-21', source: "RunPod's catalogue" },
  });
  expect(runpod('AMPERE_24')).toEqual({
    class: 'AMPERE_24',
    microsPerHour: 500_000,
    source: 'spillway.yaml',
  });
  expect(runpod('HOPPER_141')).toMatchObject({ microsPerHour: 1550 * 3600, asOf: '2026-08-20' });
  expect(pools().find(({ id }) => id === 'ADA_24')).toMatchObject({
    flexPerSecond: expect.closeTo(1.1 / 3600, 12),
    price: { asOf: '2026-11-21' },
  });
  expect(pools().find(({ id }) => id === 'HOPPER_141')).toMatchObject({ flexPerSecond: 0.00155 });
});
