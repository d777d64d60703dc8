import { expect, test } from 'vitest';
import { heldScores } from './held-scores.ts';

test('a score between gaps is seen for as long as it holds, and the last one up to the end', () => {
  expect(heldScores([0, 1, 2, 3], [4, null, 5, 6], 4)).toEqual([
    [0, 0.999, 1, 2, 3, 4],
    [4, 4, null, 5, 6, 6],
  ]);
  expect(heldScores([0, 1], [null, null], 2)).toEqual([
    [0, 1],
    [null, null],
  ]);
  expect(heldScores([], [], 0)).toEqual([[], []]);
});
