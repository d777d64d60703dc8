import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WarmWindow } from '../endpoints/endpoint.ts';
import { decideMinimum, nextWindowChange } from './decide-minimum.ts';

const at = (text: string) => Date.parse(text);
const LIMITS = { min: 0, max: 5 };
const shift: WarmWindow = {
  days: [1, 2, 3, 4, 5],
  fromMinute: 8 * 60,
  toMinute: 18 * 60,
  min: 2,
  timeZone: 'Europe/Berlin',
};

describe('scheduled pre-warming', () => {
  it.each([
    ['2026-11-20T06:59:59Z', 0],
    ['2026-11-20T07:00:00Z', 2],
    ['2026-11-20T16:59:59Z', 2],
    ['2026-11-20T17:00:00Z', 0],
    ['2026-11-21T10:00:00Z', 0],
    // In summer, Berlin is two hours ahead.
    ['2026-07-01T06:00:00Z', 2],
    ['2026-07-01T16:00:00Z', 0],
  ])('at %s the minimum is %i', (time, expected) => {
    expect(decideMinimum(LIMITS, [shift], at(time))).toBe(expected);
  });

  it('a window over midnight belongs to the day on which it begins', () => {
    const night = { ...shift, days: [5], fromMinute: 22 * 60, toMinute: 2 * 60, timeZone: 'UTC' };
    expect(decideMinimum(LIMITS, [night], at('2026-11-20T23:00:00Z'))).toBe(2);
    expect(decideMinimum(LIMITS, [night], at('2026-11-21T01:59:00Z'))).toBe(2);
    expect(decideMinimum(LIMITS, [night], at('2026-11-21T02:00:00Z'))).toBe(0);
    expect(decideMinimum(LIMITS, [night], at('2026-11-20T01:00:00Z'))).toBe(0);
  });

  const window = fc.record({
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 })),
    fromMinute: fc.integer({ min: 0, max: 1439 }),
    toMinute: fc.integer({ min: 0, max: 1439 }),
    min: fc.integer({ min: 0, max: 20 }),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'),
  });
  const time = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
  const limits = fc.tuple(fc.nat(5), fc.nat(5)).map(([min, more]) => ({ min, max: min + more }));

  it('stays between min and max, and a further window never lowers it', () => {
    fc.assert(
      fc.property(limits, fc.array(window), window, time, (limit, windows, more, now) => {
        const value = decideMinimum(limit, windows, now);
        expect(value).toBeGreaterThanOrEqual(limit.min);
        expect(value).toBeLessThanOrEqual(limit.max);
        expect(decideMinimum(limit, [...windows, more], now)).toBeGreaterThanOrEqual(value);
      }),
    );
  });

  it('changes at full minutes only, which is when the scheduler looks again', () => {
    fc.assert(
      fc.property(fc.array(window, { minLength: 1 }), time, (windows, now) => {
        const next = nextWindowChange(windows, now) ?? 0;
        expect(next).toBeGreaterThan(now);
        expect(decideMinimum(LIMITS, windows, next - 1)).toBe(decideMinimum(LIMITS, windows, now));
      }),
    );
  });
});
