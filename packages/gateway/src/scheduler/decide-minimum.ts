import type { WarmWindow } from '../endpoints/endpoint.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The minimum that holds now: the greatest of the windows that are open, bounded by `max`. Pure. */
export function decideMinimum(
  limits: { readonly min: number; readonly max: number },
  windows: readonly WarmWindow[],
  now: number,
): number {
  const open = windows.filter((window) => isOpen(window, now)).map((window) => window.min);
  return Math.min(limits.max, Math.max(limits.min, ...open));
}

/** The next full minute, when a window may open or close; undefined without windows. */
export function nextWindowChange(windows: readonly WarmWindow[], now: number): number | undefined {
  return windows.length === 0 ? undefined : (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
}

function isOpen(window: WarmWindow, now: number): boolean {
  const { day, minute } = localTime(now, window.timeZone);
  const { fromMinute, toMinute, days } = window;
  if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  // Over midnight: begun today, or yesterday and not over yet.
  const begunToday = days.includes(day) && minute >= fromMinute;
  return begunToday || (days.includes((day + 6) % 7) && minute < toMinute);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Weekday and minute of the day as a clock on the wall there shows them. */
function localTime(now: number, timeZone: string): { day: number; minute: number } {
  const known = formats.get(timeZone);
  const format =
    known ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  formats.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const minute = Number(parts.hour) * 60 + Number(parts.minute);
  return { day: WEEKDAYS.indexOf(parts.weekday ?? ''), minute: minute % DAY_MINUTES };
}
