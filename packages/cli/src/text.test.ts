import { expect, test } from 'vitest';
import { agoText, bytesText, durationText, oneLine, shortJson } from './text.ts';

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_999, '1 min'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [7_380_000, '2 h 3 min'],
])('%d milliseconds read %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_950, '1.0 MB'],
  [10_485_760, '10.5 MB'],
])('%d bytes read %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [10_000, 'just now'],
  [8_200, '1 s ago'],
  [-50_000, '1 min ago'],
  [20_000, 'just now'],
])('a time of %d seen at 10 000 reads %s', (at, text) => {
  expect(agoText(at, 10_000)).toBe(text);
});

test('base64 in JSON for the eye is cut and says how long it is', () => {
  const shown = shortJson({ image: 'A'.repeat(5000), note: 'short', deep: [{ mask: 'B'.repeat(200) }] });
  expect(shown).toContain(`"${'A'.repeat(40)}… (5.0 kB)"`);
  expect(shown).toContain('"note": "short"');
  expect(shown.length).toBeLessThan(300);
});

test('text of several lines becomes one line of the width it may have', () => {
  expect(oneLine('  a\n  b\tc ', 10)).toBe('a b c');
  expect(oneLine('abcdefgh', 5)).toBe('abcd…');
});
