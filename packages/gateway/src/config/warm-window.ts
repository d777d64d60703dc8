import { z } from 'zod';
import type { WarmWindow } from '../endpoints/endpoint.ts';
import { count, hints } from './fields.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY_RANGE = /^(sun|mon|tue|wed|thu|fri|sat)(?:-(sun|mon|tue|wed|thu|fri|sat))?$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

const days = z
  .string()
  .refine((text) => text.split(/\s*,\s*/).every((part) => part === 'daily' || DAY_RANGE.test(part)))
  .register(hints, {
    expected: '`daily`, days or ranges of days',
    fix: () => 'write such as `mon-fri` or `sat, sun`',
  })
  .describe('Days on which the window begins.');

function time(what: string) {
  return z
    .string()
    .regex(TIME)
    .register(hints, { expected: 'a time of day, hh:mm', fix: () => 'write such as `"08:00"`, with quotes' })
    .describe(what);
}

const timeZone = z
  .string()
  .refine(isTimeZone)
  .register(hints, { expected: 'a time zone', fix: () => 'write its IANA name, such as `Europe/Berlin`' })
  .describe('IANA name of the time zone in which the times are meant.');

/** One window of `workers.warm`. */
export const warmWindow = z
  .strictObject({
    days: days.prefault('daily'),
    from: time('When it begins.'),
    to: time('When it ends; not after `from` means on the next day.'),
    min: count({ min: 1, max: 1000 }, 'Workers that run in it at least.').prefault(1),
    timeZone: timeZone.prefault('UTC'),
  })
  .describe('Hours in which more workers are kept warm.');

export function toWarmWindow(parsed: z.output<typeof warmWindow>): WarmWindow {
  return {
    days: parsed.days.split(/\s*,\s*/).flatMap(daysOf),
    fromMinute: minuteOf(parsed.from),
    toMinute: minuteOf(parsed.to),
    min: parsed.min,
    timeZone: parsed.timeZone,
  };
}

function daysOf(part: string): number[] {
  if (part === 'daily') return [0, 1, 2, 3, 4, 5, 6];
  const [, first = '', last = first] = DAY_RANGE.exec(part) ?? [];
  const start = DAYS.indexOf(first);
  const length = ((DAYS.indexOf(last) - start + 7) % 7) + 1;
  return Array.from({ length }, (_, index) => (start + index) % 7);
}

function minuteOf(text: string): number {
  const [, hours, minutes] = TIME.exec(text) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
