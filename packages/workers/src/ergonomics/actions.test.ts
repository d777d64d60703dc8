import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runAction } from './actions.ts';

type Row = Readonly<Record<string, unknown>>;
interface KeypointCase {
  readonly id: string;
  readonly points_xyc: readonly (readonly number[])[];
  readonly expect_deg: Readonly<Record<string, number>>;
  readonly tolerance_deg: number;
  readonly derived: Readonly<Record<'rula_components' | 'rula' | 'reba_components' | 'reba', object>>;
}
const file = new URL('testdata/published-cases.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Row[]> & { keypoints: KeypointCase[] };
const run = (input: Row) => runAction(input) as Record<string, unknown>;

describe('score', () => {
  const coded = ['rula', 'reba', 'owas', 'niosh'].flatMap((method) =>
    (cases[method] ?? []).filter(({ lookup }) => lookup === undefined).map((one) => ({ ...one, method })),
  ) as (Row & { id: string; method: string })[];

  test.each(coded)('$id answers the whole chain', (one) => {
    const { method, components, codes, input } = one;
    const output = run({ action: 'score', method, components, codes, input });
    const { expect: chain } = one as Row;
    if (typeof chain === 'number') expect(output).toEqual({ action_category: chain });
    else expect(output).toMatchObject(chain as object);
  });

  test('what is left out is named', () => {
    const components = { upper_arm: 1, lower_arm: 1, wrist: 1, wrist_twist: 1, neck: 1, trunk: 1, legs: 1 };
    const output = run({ action: 'score', method: 'rula', components: { ...components, force_a: 0 } });
    expect(output.assumed).toEqual(['muscle_a', 'muscle_b', 'force_b']);
  });

  test('a posture in degrees is coded first', () => {
    const posture = { upper_arm_deg: 50, lower_arm_deg: 80, neck_deg: 5, trunk_deg: 25, load_kg: 12 };
    const rula = run({ action: 'score', method: 'rula', posture });
    expect(rula).toMatchObject({ components: { upper_arm: 3, lower_arm: 1, neck: 1, trunk: 3, force_a: 2 } });
    expect(rula.assumed).toContain('wrist_twist');
    expect(run({ action: 'score', method: 'reba', posture })).toMatchObject({ components: { load: 2 } });
  });
});

describe('score_keypoints', () => {
  const ask = (points: unknown, more: Row = {}) =>
    run({ action: 'score_keypoints', layout: 'coco17', keypoints: points, ...more });

  test.each(cases.keypoints)('$id: angles, components and scores', (one) => {
    const output = ask(one.points_xyc);
    const angles = output.angles as Record<string, number>;
    for (const [name, degrees] of Object.entries(one.expect_deg))
      expect(Math.abs((angles[name] ?? Number.NaN) - degrees), name).toBeLessThanOrEqual(one.tolerance_deg);
    expect(output.rula).toMatchObject({ ...one.derived.rula, components: one.derived.rula_components });
    expect(output.reba).toMatchObject({ ...one.derived.reba, components: one.derived.reba_components });
    expect(output.assumed).toEqual(expect.arrayContaining(['wrist', 'legs', 'load', 'coupling', 'force_a']));
    expect(output.partial).toBe(false);
  });

  test('the mirror image of a body has the same angles and scores', () => {
    for (const { points_xyc: points } of cases.keypoints) {
      const mirrored = points.map(([x = 0, y, confidence]) => [800 - x, y, confidence]);
      expect(ask(mirrored)).toEqual(ask(points));
    }
  });

  test('what was not seen is missing, and without the trunk there is no score', () => {
    const [, squat] = cases.keypoints;
    const without = (...hidden: number[]) =>
      (squat?.points_xyc ?? []).map((point, at) => (hidden.includes(at) ? null : point));
    expect(ask(without(9, 10))).toMatchObject({ partial: true, missing: ['lower_arm'] });
    expect(ask(without(11, 12))).toMatchObject({ rula: null, reba: null, partial: true });
    const unsure = (squat?.points_xyc ?? []).map(([x, y], at) => [x, y, at === 9 || at === 10 ? 0.2 : 0.9]);
    expect(ask(unsure)).toMatchObject({ missing: ['lower_arm'], confidence: { trunk_flexion: 0.9 } });
    expect(ask(unsure, { settings: { min_confidence: 0.1 } })).toMatchObject({ missing: [] });
  });

  test('what somebody observed is no longer assumed, and changes the scores', () => {
    const points = cases.keypoints[1]?.points_xyc;
    const output = ask(points, { observed: { load_kg: 12, coupling: 'poor', trunk_twisted: true } });
    expect(output.assumed).not.toEqual(expect.arrayContaining(['load']));
    expect(output).toMatchObject({ reba: { components: { load: 2, coupling: 2, trunk: 4 } } });
  });
});

test.each((cases.boundaries ?? []).map((row) => [JSON.stringify(row), row] as const))(
  'score_part %s',
  (_, row) => {
    const { score, add, ...question } = row;
    const answer = run({ action: 'score_part', ...question });
    expect(answer).toEqual(add === undefined ? { score } : { add });
  },
);

test('activity tells static, repeated and rapid', () => {
  const held = (seconds: number) =>
    Array.from({ length: seconds + 1 }, (_, t) => ({ t, angles: { trunk_flexion: 30, neck_flexion: 10 } }));
  const ask = (samples: unknown) => run({ action: 'activity', samples });
  expect(ask(held(61))).toEqual({ static: true, repeated: false, rapid: false });
  expect(ask(held(59))).toEqual({ static: false, repeated: false, rapid: false });
  const jump = [0, 0, 60, 60].map((degrees, at) => ({ t: at / 2, angles: { upper_arm_flexion: degrees } }));
  expect(ask(jump)).toEqual({ static: false, repeated: false, rapid: true });
});

describe('what is wrong is told by field', () => {
  const components = { upper_arm: 1, lower_arm: 1, wrist: 1, wrist_twist: 1, neck: 1, trunk: 1, legs: 1 };
  const points = Array.from({ length: 17 }, () => [1, 2, 0.9]);
  const table: [string, Row, string][] = [
    ['no action', {}, 'action: expected "score", "score_keypoints", "score_part", "activity"'],
    ['an unknown action', { action: 'toString' }, 'got "toString".'],
    [
      'an unknown method',
      { action: 'score', method: 'ocra' },
      'The input: method: expected "rula", "reba", "owas", "niosh", got "ocra".',
    ],
    [
      'nothing to score',
      { action: 'score', method: 'rula' },
      'components: expected an object with upper_arm, lower_arm, wrist, wrist_twist, neck, trunk, legs.',
    ],
    ['no method', { action: 'score' }, 'The input: method: expected "rula", "reba", "owas", "niosh".'],
    [
      'an angle that no joint has',
      { action: 'score_part', method: 'rula', part: 'upper_arm', deg: 1000 },
      'The input: deg: expected -180 to 270.',
    ],
    [
      'a score out of range',
      { action: 'score', method: 'rula', components: { ...components, wrist: 5 } },
      'components.wrist: expected a whole number from 1 to 4.',
    ],
    [
      'a misspelt part',
      { action: 'score', method: 'rula', components: { ...components, force: 1 } },
      'components: there is no field "force".',
    ],
    [
      'a wrong code',
      { action: 'score', method: 'owas', codes: { back: 1, arms: 1, legs: 8, load: 1 } },
      'codes.legs: expected 1 (sitting), 2',
    ],
    [
      'a lift without its frequency',
      { action: 'score', method: 'niosh', input: { H_cm: 30, V_cm: 75, D_cm: 25, duration: '<=1h' } },
      'input.lifts_per_min: expected lifts a minute, or FM.',
    ],
    [
      'a lift beside a recording that is not whole',
      {
        action: 'score_sequence',
        frames: [],
        niosh: [{ H_cm: 30, V_cm: 75, D_cm: 25, FM: 1 }, { H_cm: -1 }],
      },
      'niosh.1.H_cm: expected at least 0; niosh.1.V_cm: expected a number of at least 0',
    ],
    [
      'two ways of telling the same',
      { action: 'score', method: 'rula', components, posture: {} },
      'posture: expected either components or posture, not both.',
    ],
    [
      'too few keypoints',
      { action: 'score_keypoints', keypoints: points.slice(1) },
      'keypoints: expected 17 of them (coco17), got 16.',
    ],
    [
      'a keypoint that is none',
      { action: 'score_keypoints', keypoints: points.with(3, [1]) },
      'keypoints.3: expected [x, y, confidence], or null.',
    ],
    [
      'an unknown layout',
      { action: 'score_keypoints', layout: 'coco', keypoints: points },
      'layout: expected "coco17" or "halpe26"',
    ],
    [
      'an unknown part',
      { action: 'score_part', method: 'rula', part: 'toe', deg: 1 },
      'part: expected "upper_arm"',
    ],
    [
      'a part of the other method',
      { action: 'score_part', method: 'rula', part: 'knee_addition', deg: 1 },
      'a part of "reba" alone',
    ],
    [
      'time that goes back',
      {
        action: 'activity',
        samples: [
          { t: 1, angles: {} },
          { t: 1, angles: {} },
        ],
      },
      'samples.1.t: expected more than that of the sample before.',
    ],
    [
      'a wrong setting',
      { action: 'score_keypoints', keypoints: points, settings: { view: 'top' } },
      'settings.view: expected "auto", "side" or "front".',
    ],
  ];
  test.each(table)('%s', (_, input, message) => {
    expect(() => runAction(input)).toThrow(message);
  });
});
