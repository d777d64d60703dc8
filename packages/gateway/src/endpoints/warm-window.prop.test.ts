import { warmWindowSchema } from '@spillway/protocol/v1';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readWarmWindow, showWarmWindow } from './warm-window.ts';

const windows = fc.record({
  days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
  fromMinute: fc.integer({ min: 0, max: 1_439 }),
  toMinute: fc.integer({ min: 0, max: 1_439 }),
  min: fc.integer({ min: 1, max: 1_000 }),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
});

test('a window that is shown can be written again, and means the same', () => {
  fc.assert(
    fc.property(windows, (window) => {
      const again = readWarmWindow(warmWindowSchema.parse(showWarmWindow(window)));
      expect({ ...again, days: again.days.toSorted() }).toEqual({ ...window, days: window.days.toSorted() });
    }),
  );
});

test.each([
  [[0, 1, 2, 3, 4, 5, 6], 'daily'],
  [[1, 2, 3, 4, 5], 'mon-fri'],
  [[6, 0], 'sat-sun'],
  [[0, 1], 'mon, sun'],
  [[3, 1, 5], 'mon, wed, fri'],
])('the days %j are shown as %s', (days, text) => {
  const window = { days, fromMinute: 480, toMinute: 5, min: 2, timeZone: 'UTC' };
  expect(showWarmWindow(window)).toEqual({ days: text, from: '08:00', to: '00:05', min: 2, timeZone: 'UTC' });
});
