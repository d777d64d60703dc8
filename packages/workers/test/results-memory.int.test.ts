import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Need } from './results-memory.ts';

const MEASURE = path.join(import.meta.dirname, 'results-memory.ts');
const [SHORT, LONG] = [500, 10_000];

test('twenty times the samples need a kilobyte for each, and no more than before while results are written', async () => {
  // What is loaded and compiled by the first is none of its results.
  const args = ['--expose-gc', MEASURE, ...[SHORT, SHORT, LONG].map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [, short, long] = JSON.parse(stdout) as [Need, Need, Need];
  expect([short.samples, long.samples]).toEqual([SHORT, LONG]);
  expect((long.scored - short.scored) / (LONG - SHORT)).toBeLessThan(1024);
  // Each form is 1 to 2 MB.
  expect(long.writing).toBeLessThan(500_000);
  expect(long.largestPiece).toBeLessThan(200_000);
});
