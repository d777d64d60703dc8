import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeReba, codeRula } from './code-posture.ts';
import {
  type RebaComponents,
  type RulaComponents,
  rebaComponentsSchema,
  rulaComponentsSchema,
} from './components.ts';
import { scoreNiosh } from './niosh.ts';
import { scoreOwas } from './owas.ts';
import { BANDED_PARTS, METHODS_WITH_PARTS, PART_SCORES } from './part-bands.ts';
import type { Posture } from './posture.ts';
import { scoreReba } from './reba.ts';
import { scoreRula } from './rula.ts';
import { DEFAULT_SCORING } from './scoring-settings.ts';

const RULA_MOST: RulaComponents = {
  ...{ upper_arm: 6, lower_arm: 3, wrist: 4, wrist_twist: 2, neck: 6, trunk: 6, legs: 2 },
  ...{ muscle_a: 1, muscle_b: 1, force_a: 3, force_b: 3 },
};
const REBA_MOST: RebaComponents = {
  ...{ neck: 3, trunk: 5, legs: 4, upper_arm: 6, lower_arm: 2, wrist: 3 },
  ...{ load: 3, coupling: 3, activity: 3 },
};
const ADDED = /^(muscle|force|load|coupling|activity)/;
function componentsUpTo<T extends object>(most: T) {
  const fields = Object.entries(most).map(([name, top]) => [
    name,
    fc.integer({ min: ADDED.test(name) ? 0 : 1, max: Number(top) }),
  ]);
  return fc.record(Object.fromEntries(fields)) as fc.Arbitrary<T>;
}
/** The same components with one of them one higher, if it has a higher one. */
const raised = <T extends object>(components: T, most: T, at: number): T => {
  const [name = '', top = 0] = Object.entries(most)[at % Object.keys(most).length] ?? [];
  const value = (components as Record<string, number>)[name] ?? 0;
  return { ...components, [name]: Math.min(value + 1, Number(top)) };
};

describe('RULA and REBA', () => {
  test('all components have a score within its range, and one that is worse never lowers it', () => {
    fc.assert(
      fc.property(componentsUpTo(RULA_MOST), fc.nat(), (components, at) => {
        const [score, worse] = [scoreRula(components), scoreRula(raised(components, RULA_MOST, at))];
        expect(score.grand).toBeGreaterThanOrEqual(1);
        expect(score.grand).toBeLessThanOrEqual(7);
        expect(score.action_level).toBe(Math.ceil(score.grand / 2));
        expect(worse.grand).toBeGreaterThanOrEqual(score.grand);
      }),
    );
    fc.assert(
      fc.property(componentsUpTo(REBA_MOST), fc.nat(), (components, at) => {
        const [score, worse] = [scoreReba(components), scoreReba(raised(components, REBA_MOST, at))];
        expect(score.final).toBeGreaterThanOrEqual(1);
        expect(score.final).toBeLessThanOrEqual(15);
        expect([0, 1, 2, 3, 4]).toContain(score.action_level);
        expect(worse.final).toBeGreaterThanOrEqual(score.final);
        expect(worse.action_level).toBeGreaterThanOrEqual(score.action_level);
      }),
    );
  });

  test('the best posture has the lowest score, the worst the highest', () => {
    const least = (most: object) =>
      Object.fromEntries(Object.keys(most).map((name) => [name, ADDED.test(name) ? 0 : 1]));
    expect(scoreRula(rulaComponentsSchema.parse(least(RULA_MOST)))).toMatchObject({
      grand: 1,
      action_level: 1,
    });
    expect(scoreRula(RULA_MOST)).toMatchObject({ grand: 7, action_level: 4 });
    expect(scoreReba(rebaComponentsSchema.parse(least(REBA_MOST)))).toMatchObject({
      final: 1,
      action_level: 0,
    });
    expect(scoreReba(REBA_MOST)).toMatchObject({ final: 15, action_level: 4 });
  });
});

const flag = fc.option(fc.boolean(), { nil: undefined });
const angle = fc.option(fc.integer({ min: -90, max: 180 }), { nil: undefined });
const posture = fc.record({
  ...{ upper_arm_deg: angle, lower_arm_deg: angle, neck_deg: angle, trunk_deg: angle, knee_deg: angle },
  ...{ wrist_deg: angle, shoulder_raised: flag, abducted: flag, arm_supported: flag, neck_twisted: flag },
  ...{ trunk_twisted: flag, trunk_side_bent: flag, legs_supported: flag, sitting: flag, static: flag },
  load_kg: fc.option(fc.double({ min: 0, max: 60, noNaN: true }), { nil: undefined }),
}) as fc.Arbitrary<Posture>;

describe('coding of postures', () => {
  test('whatever is known or not, the components are within their ranges', () => {
    fc.assert(
      fc.property(posture, (one) => {
        const rula = codeRula(one, DEFAULT_SCORING).components;
        const reba = codeReba(one, DEFAULT_SCORING).components;
        expect(rulaComponentsSchema.parse(rula)).toEqual(rula);
        expect(rebaComponentsSchema.parse(reba)).toEqual(reba);
      }),
    );
  });

  test('an angle further from neutral never scores less', () => {
    const degrees = fc.integer({ min: 0, max: 120 });
    const part = fc.constantFrom(...BANDED_PARTS.filter((name) => name !== 'lower_arm'));
    fc.assert(
      fc.property(part, fc.constantFrom(...METHODS_WITH_PARTS), degrees, degrees, (name, method, a, b) => {
        const score = PART_SCORES[method][name];
        const [near, far] = [Math.min(a, b), Math.max(a, b)];
        expect(score(far, DEFAULT_SCORING)).toBeGreaterThanOrEqual(score(near, DEFAULT_SCORING));
        expect(score(-far, DEFAULT_SCORING)).toBeGreaterThanOrEqual(score(-near, DEFAULT_SCORING));
      }),
    );
  });

  test('what is told of a posture is no longer assumed', () => {
    const { assumed } = codeReba({ trunk_deg: 10 }, DEFAULT_SCORING);
    expect(assumed).toEqual(expect.arrayContaining(['load', 'coupling', 'activity', 'legs', 'wrist']));
    const known = {
      load_kg: 3,
      coupling: 'good',
      static: false,
      legs_supported: true,
      wrist_deg: 0,
    } as const;
    const told = codeReba({ trunk_deg: 10, ...known }, DEFAULT_SCORING);
    expect(told.assumed).not.toEqual(expect.arrayContaining(['load']));
    for (const name of ['coupling', 'activity', 'legs', 'wrist']) expect(told.assumed).not.toContain(name);
    // Of a load it counts, too, how it is handled.
    expect(told.assumed).toContain('load_pattern');
    const handled = codeReba({ ...known, load_pattern: 'static' }, DEFAULT_SCORING);
    expect([...handled.assumed, ...assumed]).not.toContain('load_pattern');
    expect(told.missing.toSorted()).toEqual(['knee', 'lower_arm', 'neck', 'upper_arm']);
  });
});

test('OWAS: more load never means a lower category', () => {
  const code = (most: number) => fc.integer({ min: 1, max: most });
  fc.assert(
    fc.property(code(4), code(3), code(7), code(2), (back, arms, legs, load) => {
      const category = scoreOwas({ back, arms, legs, load });
      expect([1, 2, 3, 4]).toContain(category);
      expect(scoreOwas({ back, arms, legs, load: load + 1 })).toBeGreaterThanOrEqual(category);
    }),
  );
});

describe('NIOSH', () => {
  const number = (max: number) => fc.double({ min: 0, max, noNaN: true });
  const lift = fc.record({
    ...{
      H_cm: number(80),
      V_cm: number(200),
      D_cm: number(200),
      A_deg: number(180),
      lifts_per_min: number(20),
    },
    duration: fc.constantFrom('<=1h' as const, '<=2h' as const, '<=8h' as const),
    coupling: fc.constantFrom('good' as const, 'fair' as const, 'poor' as const),
  });

  test('the limit lies between 0 and 23 kg, and reaching further, more often or more to the side never raises it', () => {
    fc.assert(
      fc.property(
        lift,
        fc.constantFrom('H_cm', 'D_cm', 'A_deg', 'lifts_per_min'),
        number(30),
        (one, field, more) => {
          const limit = scoreNiosh(one).RWL ?? -1;
          expect(limit).toBeGreaterThanOrEqual(0);
          expect(limit).toBeLessThanOrEqual(23);
          expect(scoreNiosh({ ...one, [field]: one[field] + more }).RWL).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  const near = { H_cm: 25, V_cm: 75, D_cm: 25, A_deg: 0, duration: '<=8h', coupling: 'good' } as const;
  test('between two rows of the frequency table the multiplier lies between theirs, or is the lower row', () => {
    expect(scoreNiosh({ ...near, lifts_per_min: 2.5 }).FM).toBe(0.6);
    expect(scoreNiosh({ ...near, lifts_per_min: 2.5 }, { niosh_frequency: 'row_below' }).FM).toBe(0.65);
    expect(scoreNiosh({ ...near, lifts_per_min: 0.1 }).FM).toBe(0.85);
  });

  test('a lift beyond the limits has no weight that is recommended, and no index', () => {
    expect(scoreNiosh({ ...near, H_cm: 64, lifts_per_min: 1, load_kg: 1 })).toMatchObject({
      ...{ HM: 0, RWL: 0, LI: null, risk: 'high' },
    });
    expect(scoreNiosh({ ...near, lifts_per_min: 15.1, duration: '<=1h' }).RWL).toBe(0);
  });
});
