import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, guessDuration, parseDuration } from './duration.ts';

test.each([
  ['250ms', 250],
  ['5s', 5_000],
  ['0.5s', 500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['0s', 0],
])('%s is %i milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['5', '', 's', '-5s', '5 s', '1h30m', '5S', '1e3s', '.5s'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('formatting and parsing a duration gives it back', () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test.each([
  [5, '5s'],
  ['5', '5s'],
  ['5 sec', '5s'],
  ['10 Minutes', '10m'],
  ['250 msec', '250ms'],
  ['2 weeks', undefined],
  [-1, undefined],
  [null, undefined],
])('somebody who wrote %j meant %j', (found, meant) => {
  expect(guessDuration(found)).toBe(meant);
});
