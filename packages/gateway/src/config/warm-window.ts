import { isDayList, isTimeZone, TIME_OF_DAY } from '@spillway/protocol/v1';
import { z } from 'zod';
import { count, hints } from './fields.ts';

const days = z
  .string()
  .refine(isDayList)
  .register(hints, {
    expected: '`daily`, days or ranges of days',
    fix: () => 'write such as `mon-fri` or `sat, sun`',
  })
  .describe('Days on which the window begins.');

function time(what: string) {
  return z
    .string()
    .regex(TIME_OF_DAY)
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
