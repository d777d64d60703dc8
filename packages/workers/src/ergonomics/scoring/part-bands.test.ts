import { expect, test } from 'vitest';
import { codeReba, codeRula } from './code-posture.ts';
import { kneeAddition, rebaLoad, rulaForce } from './part-bands.ts';
import { scoringSettingsSchema } from './scoring-settings.ts';

const settings = (given: object = {}) => scoringSettingsSchema.parse(given);

test('where tools disagree, a setting says which of them is followed', () => {
  expect([30, 30.1, 60, 60.1].map((knee) => kneeAddition(knee, settings()))).toEqual([0, 1, 1, 2]);
  expect(kneeAddition(30, settings({ reba_knee_at_30_deg: 1 }))).toBe(1);
  expect([4.9, 5, 10, 10.1].map((load) => rebaLoad(load, settings()))).toEqual([0, 1, 1, 2]);
  expect(rebaLoad(10, settings({ reba_load_at_10_kg: 2 }))).toBe(2);
  expect(rulaForce(12, 'intermittent', settings())).toBe(2);
  expect(rulaForce(12, 'intermittent', settings({ rula_force: 'worksheet' }))).toBe(3);

  const turned = { trunk_deg: 30, trunk_twisted: true, trunk_side_bent: true };
  expect(codeRula(turned, settings()).components.trunk).toBe(5);
  expect(codeRula(turned, settings({ rula_twist_and_side_bend: 'once' })).components.trunk).toBe(4);
  expect(codeReba(turned, settings()).components.trunk).toBe(4);
  expect(codeReba(turned, settings({ reba_twist_and_side_flexion: 'each' })).components.trunk).toBe(5);
  expect(codeRula({ trunk_deg: 3 }, settings({ upright_tolerance_deg: 5 })).components.trunk).toBe(1);
  expect(
    codeRula({ upper_arm_deg: 17 }, settings({ rula_upper_arm_neutral_deg: 15 })).components.upper_arm,
  ).toBe(2);
});

test('a load scores by how it is handled', () => {
  const force = (kilograms: number) =>
    (['intermittent', 'static', 'shock'] as const).map((pattern) =>
      rulaForce(kilograms, pattern, settings()),
    );
  expect([force(1), force(2), force(10), force(11)]).toEqual([
    [0, 0, 3],
    [1, 2, 3],
    [1, 2, 3],
    [2, 3, 3],
  ]);
});

test('the bent knees of somebody who sits carry nothing', () => {
  expect(codeReba({ knee_deg: 90 }, settings()).components.legs).toBe(3);
  expect(codeReba({ knee_deg: 90, sitting: true }, settings()).components.legs).toBe(1);
});
