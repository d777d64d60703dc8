import { expect, test } from 'vitest';
import { parseSize } from './size.ts';

test.each([
  ['512m', 536_870_912],
  ['1.5g', 1_610_612_736],
  ['8GiB', 8_589_934_592],
  ['8 GB', 8_589_934_592],
  ['64k', 65_536],
  ['1T', 1_099_511_627_776],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([['8'], ['g'], ['-1g'], ['8 gigabytes'], ['1e3m'], ['']])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});
