import { expect, test } from 'vitest';
import { parseRange } from './byte-range.ts';

test.each([
  ['bytes=0-9', { start: 0, end: 10 }],
  ['bytes=90-', { start: 90, end: 100 }],
  ['bytes=90-500', { start: 90, end: 100 }],
  ['bytes=-5', { start: 95, end: 100 }],
  ['bytes=-500', { start: 0, end: 100 }],
])('%s of 100 bytes', (header, range) => {
  expect(parseRange(header, 100)).toEqual(range);
});

test.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b'])(
  '%s means all of it',
  (header) => {
    expect(parseRange(header, 100)).toBeUndefined();
  },
);

test.each(['bytes=100-', 'bytes=200-300', 'bytes=-0'])('%s is behind the end', (header) => {
  expect(() => parseRange(header, 100)).toThrow(/the artifact has 100 bytes/);
});
