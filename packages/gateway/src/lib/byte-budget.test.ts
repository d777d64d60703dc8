import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { createByteBudget } from './byte-budget.ts';

const clock = createManualClock();
const newBudget = () =>
  createByteBudget({ totalBytes: 100, waitMs: 1_000, clock, refusal: () => new Error('no room') });

test('what fits has its room at once, what does not waits its turn', async () => {
  const budget = newBudget();
  const first = await budget.take(60);
  const order: string[] = [];
  const large = budget.take(70).then((release) => {
    order.push('large');
    return release;
  });
  // It would fit, but came later.
  const small = budget.take(10).then(() => order.push('small'));
  await clock.advance(0);
  expect([order, budget.heldBytes()]).toEqual([[], 60]);
  first();
  await Promise.all([large, small]);
  expect([order, budget.heldBytes()]).toEqual([['large', 'small'], 80]);
});

test('who waited too long is refused, and those behind it get what there is', async () => {
  const budget = newBudget();
  await budget.take(60);
  const refused = expect(budget.take(70)).rejects.toThrow('no room');
  await clock.advance(500);
  const behind = budget.take(40);
  await clock.advance(500);
  await refused;
  await behind;
  expect(budget.heldBytes()).toBe(100);
});

test('what is larger than all of it gets all of it', async () => {
  const budget = newBudget();
  const release = await budget.take(1_000);
  expect(budget.heldBytes()).toBe(100);
  release();
  release();
  expect(budget.heldBytes()).toBe(0);
});
