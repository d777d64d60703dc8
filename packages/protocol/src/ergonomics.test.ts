import { expect, test } from 'vitest';
import { RISK_LEVELS, RISK_METHODS } from './ergonomics.ts';

test.each(RISK_METHODS)('every score of %s has one level, and a worse one no milder colour', (method) => {
  const levels = RISK_LEVELS[method];
  const highest = { rula: 7, reba: 15, owas: 4 }[method];
  const scores = levels.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, at) => from + at),
  );
  expect(scores).toEqual(Array.from({ length: highest }, (_, at) => at + 1));
  expect(levels.map(({ risk }) => risk)).toEqual(levels.map(({ risk }) => risk).toSorted((a, b) => a - b));
  expect(levels.map(({ level }) => level)).toEqual(levels.map((_, at) => (levels[0]?.level ?? 0) + at));
});
