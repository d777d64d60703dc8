import { z } from 'zod';

/**
 * Scheduled pre-warming as people write it: at given hours of given days more workers run than `workers.min` asks for.
 * The same words in `spillway.yaml`, in `/v1` and on the command line.
 */
const DAY_RANGE = /^(sun|mon|tue|wed|thu|fri|sat)(?:-(sun|mon|tue|wed|thu|fri|sat))?$/;

/** `hh:mm`, from 00:00 to 23:59. */
export const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** Whether a text names days: `daily`, or days and ranges of days such as `mon-fri` and `sat, sun`. */
export function isDayList(text: string): boolean {
  return text.split(/\s*,\s*/).every((part) => part === 'daily' || DAY_RANGE.test(part));
}

/** Whether a text is the IANA name of a time zone, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const time = (what: string) =>
  z.string().regex(TIME_OF_DAY, 'expected a time of day, hh:mm, such as "08:00"').describe(what);

export const warmWindowSchema = z
  .strictObject({
    days: z
      .string()
      .refine(isDayList, 'expected `daily`, days or ranges of days, such as `mon-fri` or `sat, sun`')
      .default('daily')
      .describe('Days on which it begins: `daily`, or such as `mon-fri` and `sat, sun`.'),
    from: time('When it begins, hh:mm.'),
    to: time('When it ends; not after `from` means on the next day.'),
    min: z.int().min(1).max(1000).default(1).describe('Workers that run in it at least; `max` holds above.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'expected the IANA name of a time zone, such as Europe/Berlin')
      .default('UTC')
      .describe('IANA name of the time zone in which the times are meant.'),
  })
  .meta({ id: 'WarmWindow' });

/** A window with every value that it has. */
export type WarmWindowView = z.infer<typeof warmWindowSchema>;
