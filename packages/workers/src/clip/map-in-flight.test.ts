import { expect, test } from 'vitest';
import { mapInFlight } from './map-in-flight.ts';

test('never more are under way than may be, and the answers keep their order', async () => {
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const mapped = mapInFlight(gates, 2, async ({ promise }, at) => {
    begun.push(at);
    await promise;
    return at * 10;
  });
  expect(begun).toEqual([0, 1]);
  gates[1]?.resolve();
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  for (const { resolve } of gates) resolve();
  expect(await mapped).toEqual([0, 10, 20, 30, 40]);
});

test('an error ends it', async () => {
  const begun: number[] = [];
  const mapped = mapInFlight([0, 1, 2, 3], 1, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('no');
  });
  await expect(mapped).rejects.toThrow('no');
  expect(begun).toEqual([0, 1]);
});

test('nothing is nothing', async () => {
  expect(await mapInFlight([], 2, async () => 1)).toEqual([]);
});
