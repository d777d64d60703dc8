import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activitySettingsSchema } from './activity-settings.ts';
import { judgeActivity } from './judge-activity.ts';
import {
  findHeld,
  findMovements,
  findRapid,
  findRepeated,
  longestGap,
  type Sample,
  seriesOf,
} from './motion.ts';
import { SlidingRange } from './sliding-range.ts';

const settings = activitySettingsSchema.parse({});
const at = (rate: number, seconds: number, trunk: (t: number) => number | undefined): Sample[] =>
  Array.from({ length: Math.round(seconds * rate) + 1 }, (_, i) => ({
    t: i / rate,
    angles: { trunk: trunk(i / rate) },
  }));
const judge = (samples: readonly Sample[]) => judgeActivity(seriesOf(samples), ['trunk'], settings);

test('the range of a sliding window is that of its values', () => {
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 8 }), (list, width) => {
      const window = new SlidingRange();
      for (const [index, value] of list.entries()) {
        window.push(index, value);
        window.dropBefore(index - width + 1);
        const seen = list.slice(Math.max(0, index - width + 1), index + 1);
        expect(window.range).toBe(Math.max(...seen) - Math.min(...seen));
      }
    }),
  );
});

describe('static postures', () => {
  test('held for longer than a minute, at whatever rate it was looked at', () => {
    for (const rate of [0.5, 1, 5, 30]) {
      expect(judge(at(rate, 62, () => 40)).static).toEqual([{ from: 0, to: 62 }]);
      expect(judge(at(rate, 58, () => 40)).static).toEqual([]);
    }
  });

  test('small movements are part of it, larger ones and gaps end it', () => {
    expect(judge(at(5, 61, (t) => 40 + 4 * Math.sin(t))).static).toHaveLength(1);
    expect(judge(at(5, 61, (t) => 40 + 8 * Math.sin(t))).static).toEqual([]);
    expect(judge(at(5, 61, (t) => (t > 30 && t < 31 ? undefined : 40))).static).toHaveLength(1);
    expect(judge(at(5, 61, (t) => (t > 30 && t < 33 ? undefined : 40))).static).toEqual([]);
  });

  test('every stretch that is found is as long and as still as it has to be', () => {
    const walk = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 5, maxLength: 80 });
    fc.assert(
      fc.property(walk, (steps) => {
        const walked = steps.map((_, t) => steps.slice(0, t + 1).reduce((sum, step) => sum + step, 0));
        const samples = walked.map((a, t) => ({ t, angles: { a } }));
        const held = findHeld(seriesOf(samples), ['a'], { seconds: 5, tolerance: 3, maxGap: 2 });
        for (const [index, { from, to }] of held.entries()) {
          expect(to - from).toBeGreaterThan(5);
          expect(from).toBeGreaterThan(held[index - 1]?.to ?? -1);
        }
        const isStill = (from: number) => {
          const seen = samples.slice(from, from + 7).map(({ angles }) => angles.a);
          return seen.length === 7 && Math.max(...seen) - Math.min(...seen) <= 6;
        };
        for (const { t } of samples.filter(({ t: from }) => isStill(from)))
          expect(held.some(({ from, to }) => from <= t && to >= t + 6)).toBe(true);
      }),
    );
  });
});

describe('movements', () => {
  const swing = (perMinute: number, degrees: number) => (t: number) =>
    20 + (degrees / 2) * Math.sin((2 * Math.PI * perMinute * t) / 60);

  test('four swings a minute are repeated, three are not, and small ones never', () => {
    expect(judge(at(10, 60, swing(5, 30))).repeated).not.toEqual([]);
    expect(judge(at(10, 120, swing(3, 30))).repeated).toEqual([]);
    expect(judge(at(10, 60, swing(20, 12))).repeated).toEqual([]);
  });

  test('each swing is two movements, and the mirror image has as many', () => {
    const options = { degrees: 15, maxGap: 2 };
    const samples = at(20, 10, swing(60, 40));
    const swings = seriesOf(samples);
    const mirrored = seriesOf(
      samples.map(({ t, angles }) => ({ t, angles: { trunk: -(angles.trunk ?? 0) } })),
    );
    expect(findMovements(swings, 'trunk', options).length).toBeGreaterThanOrEqual(19);
    expect(findMovements(swings, 'trunk', options).length).toBeLessThanOrEqual(21);
    expect(findMovements(mirrored, 'trunk', options)).toEqual(findMovements(swings, 'trunk', options));
  });

  test('movements lie within a minute, or are no repetition', () => {
    expect(findRepeated([0, 5, 10, 15, 20, 25, 30, 60], 4)).toEqual([{ from: 0, to: 60 }]);
    expect(findRepeated([0, 5, 10, 15, 20, 25, 30, 61], 4)).toEqual([]);
  });
});

test('60 degrees within half a second are rapid, and count for two seconds', () => {
  const jump = (degrees: number, seconds: number) =>
    at(30, 6, (t) => Math.min(Math.max((t - 2) / seconds, 0), 1) * degrees);
  expect(judge(jump(60, 0.5)).rapid).toEqual([{ from: 2.5, to: 4.5 }]);
  expect(judge(jump(60, 0.7)).rapid).toEqual([]);
  expect(judge(jump(50, 0.5)).rapid).toEqual([]);
  expect(
    findRapid(seriesOf(at(1, 5, (t) => t * 100)), 'trunk', { degrees: 60, seconds: 0.5, maxGap: 2 }),
  ).toEqual([]);
});

test('samples belong together as they lie, but for two seconds at least', () => {
  const every = (seconds: number) => Float64Array.from({ length: 5 }, (_, i) => i * seconds);
  expect([every(0.1), every(30), every(1).slice(0, 1)].map(longestGap)).toEqual([2, 90, 2]);
});
