import { expect, test } from 'vitest';
import { readWarmWindow } from '../endpoints/warm-window.ts';
import { warmWindow } from './warm-window.ts';

const parse = (value: object) => readWarmWindow(warmWindow.parse(value));

test('days are read as ranges, lists and over the week’s end', () => {
  const times = { from: '08:00', to: '18:30' };
  expect(parse({ ...times, days: 'mon-fri' }).days).toEqual([1, 2, 3, 4, 5]);
  expect(parse({ ...times, days: 'sat, sun' }).days).toEqual([6, 0]);
  expect(parse({ ...times, days: 'fri-mon' }).days).toEqual([5, 6, 0, 1]);
  expect(parse(times)).toEqual({
    days: [0, 1, 2, 3, 4, 5, 6],
    fromMinute: 480,
    toMinute: 1110,
    min: 1,
    timeZone: 'UTC',
  });
});

test.each([
  [{ from: '8:00', to: '18:00' }, 'from'],
  [{ from: '08:00', to: '24:00' }, 'to'],
  [{ from: '08:00', to: '18:00', days: 'weekdays' }, 'days'],
  [{ from: '08:00', to: '18:00', timeZone: 'Mars/Olympus' }, 'timeZone'],
  [{ from: '08:00', to: '18:00', min: 0 }, 'min'],
])('%o is refused for its %s', (value, field) => {
  const problems = warmWindow.safeParse(value).error?.issues ?? [];
  expect(problems.map((problem) => problem.path.join('.'))).toEqual([field]);
});
