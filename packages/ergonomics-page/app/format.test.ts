import { expect, test } from 'vitest';
import { aboutText, bytesText, clockText, percentText, untilText } from './format.ts';

test('sizes, times and shares read as people write them', () => {
  expect([0, 1023, 1024, 5 * 1024 ** 3].map(bytesText)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '5.0 GiB',
  ]);
  expect([0, 7.4, 65, 3723].map(clockText)).toEqual(['0:00', '0:07', '1:05', '1:02:03']);
  expect([2, 31, 58, 170, 5400].map(aboutText)).toEqual([
    ...['about 5 seconds', 'about 35 seconds', 'about 1 minute', 'about 3 minutes', 'about 1.5 hours'],
  ]);
});

test('what is little is told apart from nothing', () => {
  expect([0, 0.004, 0.5, 1].map(percentText)).toEqual(['0 %', '< 1 %', '50 %', '100 %']);
});

test('an end is told with its day only where that is another one', () => {
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 5).getTime();
  expect(untilText(at(21, 14), at(21, 9))).toBe('until 14:05');
  expect(untilText(at(22, 9), at(21, 23))).toBe('until Sun 09:05');
});
