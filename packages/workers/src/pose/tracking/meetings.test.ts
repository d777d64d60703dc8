import { expect, test } from 'vitest';
import { type Passer, settleMeetings } from './meetings.ts';

const RED = [1, 0, 1, 0];
const BLUE = [0, 1, 0, 1];
const boxAt = (x: number) => ({ x_min: x, x_max: x + 100, y_min: 100, y_max: 400 });
const passer = (id: number, x: number, look: readonly number[], seen?: readonly number[]): Passer => ({
  ...{ id, look, seen, box: boxAt(x), met: { ids: [3 - id], atMs: 900 } },
});

test('two who were taken for each other while they passed change numbers when both are seen apart', () => {
  expect(settleMeetings([passer(1, 100, RED, BLUE), passer(2, 500, BLUE, RED)], 1000)).toEqual([
    { from: 1, met: undefined },
    { from: 0, met: undefined },
  ]);
});

test('who looks as before keeps their number, and the meeting is over', () => {
  expect(settleMeetings([passer(1, 100, RED, RED), passer(2, 500, BLUE, BLUE)], 1000)).toEqual([
    { from: 0, met: undefined },
    { from: 1, met: undefined },
  ]);
});

test('people who are dressed alike keep their numbers, and after a second nothing is asked any more', () => {
  const twins = [passer(1, 100, RED, RED), passer(2, 500, RED, RED)];
  expect(settleMeetings(twins, 1000).map(({ from, met }) => [from, met?.atMs])).toEqual([
    [0, 900],
    [1, 900],
  ]);
  expect(settleMeetings(twins, 1900).map(({ met }) => met)).toEqual([undefined, undefined]);
});

test('while only one of two is seen nothing is changed, and both are remembered', () => {
  expect(settleMeetings([passer(1, 100, RED, BLUE), passer(2, 500, BLUE)], 5000)).toEqual([
    { from: 0, met: { ids: [2], atMs: 5000 } },
    { from: 1, met: { ids: [1], atMs: 5000 } },
  ]);
});

test('who never met changes nothing, however they look', () => {
  const strangers = [passer(1, 100, RED, BLUE), passer(2, 500, BLUE, RED)].map(({ met: _, ...rest }) => rest);
  expect(settleMeetings(strangers, 1000).map(({ from }) => from)).toEqual([0, 1]);
});
