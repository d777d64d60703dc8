import { expect, test } from 'vitest';
import { decidePlacement, type Holding, roomOn, SAFETY_BYTES } from './decide-placement.ts';
import { GIGABYTE } from './memory-text.ts';
import { newTestCard } from './test-placer.ts';

const need = (gigabytes: number, count = 1) => ({ memoryBytes: gigabytes * GIGABYTE, count });
const holds = (workerId: string, gigabytes: number, changes: Partial<Holding> = {}): Holding => ({
  ...{ workerId, cards: ['GPU-0'], memoryBytes: gigabytes * GIGABYTE, isMeasured: false, leaves: 'no' },
  ...changes,
});
const placed = (...cards: string[]) => ({ type: 'placed', cards });
const blocked = (giveWay: string[], awaited: string[] = [], hopeful = awaited) => ({
  ...{ type: 'blocked', giveWay, awaited, hopeful },
});
const hopeless = blocked([]);

test('several workers share a card as far as its memory goes', () => {
  const cards = [newTestCard(0, 8)];
  expect(decidePlacement(need(3), cards, [holds('a', 3)])).toEqual(placed('GPU-0'));
  const full = [holds('a', 3), holds('b', 2.5, { leaves: 'later' })];
  expect(decidePlacement(need(3), cards, full)).toEqual(blocked([], [], ['GPU-0']));
});

test('the fullest card that has room is taken, so that a large worker finds an empty one', () => {
  const cards = [newTestCard(0, 24), newTestCard(1, 24), newTestCard(2, 8)];
  const held = [holds('a', 10, { cards: ['GPU-1'] })];
  expect(decidePlacement(need(6), cards, held)).toEqual(placed('GPU-2'));
  expect(decidePlacement(need(12), cards, held)).toEqual(placed('GPU-1'));
  expect(decidePlacement(need(20), cards, held)).toEqual(placed('GPU-0'));
});

test('what other programs really take counts, and what our starting workers will take too', () => {
  const card = newTestCard(0, 24, { usedBytes: 10 * GIGABYTE });
  expect(roomOn(card, [])).toBe(14 * GIGABYTE - SAFETY_BYTES);
  // Not loaded yet: its 5 GB come on top of the 10.
  expect(roomOn(card, [holds('a', 5)])).toBe(9 * GIGABYTE - SAFETY_BYTES);
  // Loaded: they are among the 10.
  expect(roomOn(card, [holds('a', 5, { isMeasured: true })])).toBe(14 * GIGABYTE - SAFETY_BYTES);
  // It took less than was kept for it, and may still come to want it.
  expect(roomOn(card, [holds('a', 18, { isMeasured: true })])).toBe(6 * GIGABYTE - SAFETY_BYTES);
});

test('a worker for several cards gets as many, each with the memory', () => {
  const cards = [newTestCard(0, 24), newTestCard(1, 24), newTestCard(2, 8)];
  expect(decidePlacement(need(20, 2), cards, [])).toEqual(placed('GPU-0', 'GPU-1'));
  expect(decidePlacement(need(20, 3), cards, [])).toEqual(hopeless);
});

test('only as many idle workers give way as are needed, the first of them first', () => {
  const cards = [newTestCard(0, 10)];
  const held = [
    holds('a', 3, { leaves: 'may' }),
    holds('b', 3, { leaves: 'may' }),
    holds('c', 3, { leaves: 'may' }),
  ];
  expect(decidePlacement(need(3), cards, held)).toEqual(blocked(['a'], ['GPU-0']));
  expect(decidePlacement(need(6), cards, held)).toEqual(blocked(['a', 'b'], ['GPU-0']));
  // A large one makes the small one before it needless.
  const mixed = [holds('small', 1, { leaves: 'may' }), holds('large', 8, { leaves: 'may' })];
  expect(decidePlacement(need(8), cards, mixed)).toEqual(blocked(['large'], ['GPU-0']));
});

test('nobody gives way where workers leave already, or where it would not help', () => {
  const cards = [newTestCard(0, 10)];
  const leaving = [holds('a', 6, { leaves: 'now' }), holds('b', 3, { leaves: 'may' })];
  expect(decidePlacement(need(6), cards, leaving)).toEqual(blocked([], ['GPU-0']));
  const busy = [holds('a', 6, { leaves: 'later' }), holds('b', 3, { leaves: 'may' })];
  expect(decidePlacement(need(6), cards, busy)).toEqual(blocked([], [], ['GPU-0']));
  expect(decidePlacement(need(11), cards, busy)).toEqual(hopeless);
});

test('where workers that are kept hold the memory there is no hope', () => {
  const cards = [newTestCard(0, 10), newTestCard(1, 10)];
  const kept = [holds('a', 6), holds('b', 6, { cards: ['GPU-1'], leaves: 'later' })];
  expect(decidePlacement(need(6), cards, kept)).toEqual(blocked([], [], ['GPU-1']));
  expect(decidePlacement(need(6, 2), cards, kept)).toEqual(hopeless);
});

test('memory that other programs hold is beyond hope, whoever of ours gives way', () => {
  const cards = [newTestCard(0, 10, { usedBytes: 8 * GIGABYTE })];
  const held = [holds('a', 2, { isMeasured: true, leaves: 'may' })];
  expect(decidePlacement(need(3), cards, held)).toEqual(blocked(['a'], ['GPU-0']));
  expect(decidePlacement(need(5), cards, held)).toEqual(hopeless);
});

test('without any card there is no hope', () => {
  expect(decidePlacement(need(1), [], [])).toEqual(hopeless);
});
