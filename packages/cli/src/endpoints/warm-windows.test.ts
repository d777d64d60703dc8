import { expect, test } from 'vitest';
import { parseWarmWindows, showWarmWindows } from './warm-windows.ts';

const parse = (text: string) => parseWarmWindows('workers.warm', text);

test('windows are written in one argument, and what is left out is that of the file’s', () => {
  expect(parse('mon-fri 08:00-18:00 2 Europe/Berlin; 22:00-06:00')).toEqual([
    { days: 'mon-fri', from: '08:00', to: '18:00', min: 2, timeZone: 'Europe/Berlin' },
    { days: 'daily', from: '22:00', to: '06:00', min: 1, timeZone: 'UTC' },
  ]);
  expect(parse('sat,sun 09:00-12:00 America/New_York')).toMatchObject([
    { days: 'sat,sun', min: 1, timeZone: 'America/New_York' },
  ]);
  expect(parse('none')).toEqual([]);
});

test('what is shown can be written again', () => {
  const text = 'mon,wed-fri 08:00-18:00 2 Europe/Berlin; daily 22:00-06:00 1 UTC';
  expect(showWarmWindows(parse(text))).toBe(text);
  expect(showWarmWindows([{ days: 'sat, mon', from: '08:00', to: '09:00', min: 1, timeZone: 'UTC' }])).toBe(
    'sat,mon 08:00-09:00 1 UTC',
  );
  expect(showWarmWindows([])).toBe('none');
});

test.each([
  '',
  'weekdays 08:00-18:00',
  '8:00-18:00',
  '08:00-24:00',
  '08:00',
  '08:00-18:00 0',
  '08:00-18:00 2 Mars/Base',
])('"%s" is no window', (text) => {
  expect(() => parse(text)).toThrow(/workers\.warm: expected windows such as "mon-fri 08:00-18:00 2/);
});
