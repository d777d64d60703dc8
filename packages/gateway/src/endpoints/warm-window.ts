import { TIME_OF_DAY, type WarmWindowView } from '@spillway/protocol/v1';
import type { WarmWindow } from './endpoint.ts';

/** Windows of `workers.warm` between the words that people write and the numbers that the scheduler compares. Pure. */
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** `written` was checked before. */
export function readWarmWindow(written: WarmWindowView): WarmWindow {
  return {
    days: [...new Set(written.days.split(/\s*,\s*/).flatMap(daysOf))],
    fromMinute: minuteOf(written.from),
    toMinute: minuteOf(written.to),
    min: written.min,
    timeZone: written.timeZone,
  };
}

/** The same window in words, its days as ranges from Monday on. */
export function showWarmWindow({ days, fromMinute, toMinute, min, timeZone }: WarmWindow): WarmWindowView {
  return { days: dayText(days), from: timeText(fromMinute), to: timeText(toMinute), min, timeZone };
}

function daysOf(part: string): number[] {
  if (part === 'daily') return DAYS.map((_, day) => day);
  const [first = '', last = first] = part.split('-');
  const start = DAYS.indexOf(first);
  const length = ((DAYS.indexOf(last) - start + 7) % 7) + 1;
  return Array.from({ length }, (_, index) => (start + index) % 7);
}

function dayText(days: readonly number[]): string {
  if (days.length === DAYS.length) return 'daily';
  const has = (day: number) => days.includes(day % 7);
  const [monday, weekAfter] = [1, 8];
  const parts: string[] = [];
  for (let day = monday; day < weekAfter; day += 1) {
    if (!has(day)) continue;
    const first = day;
    while (day + 1 < weekAfter && has(day + 1)) day += 1;
    parts.push([...new Set([first, day])].map((one) => DAYS[one % 7]).join('-'));
  }
  return parts.join(', ');
}

function minuteOf(text: string): number {
  const [, hours, minutes] = TIME_OF_DAY.exec(text) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

function timeText(minute: number): string {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
  return [hours, minutes].map((part) => String(part).padStart(2, '0')).join(':');
}
