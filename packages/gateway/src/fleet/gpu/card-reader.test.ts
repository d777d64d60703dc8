import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { beforeEach, expect, test } from 'vitest';
import type { CardReading } from './card.ts';
import { type CardReader, createCardReader } from './card-reader.ts';
import { newTestCard } from './test-placer.ts';

let clock: ManualClock;
let looks: number;
let answer: Omit<CardReading, 'readAt'>;
let held: Promise<void>;
let reader: CardReader;

beforeEach(() => {
  clock = createManualClock();
  looks = 0;
  answer = { cards: [newTestCard(0, 24)] };
  held = Promise.resolve();
  reader = createCardReader({
    clock,
    async read() {
      looks += 1;
      const readAt = clock.now();
      await held;
      return { readAt, ...answer };
    },
  });
});

test('a reading that is young enough is taken again, an older one is made anew', async () => {
  const first = await reader.read(0);
  expect(await reader.read(first.readAt - 1)).toBe(first);
  await clock.advance(1);
  expect(await reader.read(first.readAt)).not.toBe(first);
  expect(looks).toBe(2);
});

test('callers at the same time share a look; one for whom it began too early gets the next', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  held = promise;
  const both = [reader.read(0), reader.read(0)];
  await clock.advance(5);
  const late = reader.read(clock.now() - 1);
  resolve();
  const [one, two] = await Promise.all(both);
  expect(one).toBe(two);
  expect((await late).readAt).toBe(clock.now());
  expect(looks).toBe(2);
});

test('a machine without cards is asked once a minute at most', async () => {
  answer = { cards: [], problem: 'nvidia-smi is not installed' };
  await reader.read(0);
  await clock.advance(59_000);
  expect(await reader.read(clock.now())).toMatchObject({ problem: 'nvidia-smi is not installed' });
  expect(looks).toBe(1);
  await clock.advance(1_000);
  answer = { cards: [newTestCard(0, 24)] };
  expect((await reader.read(clock.now())).cards).toHaveLength(1);
});

test('cards that were there stay while the tool is in trouble, and the trouble is told', async () => {
  await reader.read(0);
  await clock.advance(1_000);
  answer = { cards: [], problem: 'nvidia-smi did not answer within 5 s' };
  const kept = await reader.read(clock.now() - 1);
  expect(kept.cards).toHaveLength(1);
  expect(kept.problem).toContain('did not answer');
});
