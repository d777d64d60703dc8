import { expect, test } from 'vitest';
import { type Lift, readLift, textsOf } from './lifts.ts';

const PALLET: Lift = {
  ...{ name: 'pallet', H_cm: 40, V_cm: 30, D_cm: 60, A_deg: 30, lifts_per_min: 2 },
  ...{ duration: '<=8h', coupling: 'fair', load_kg: 7.5 },
};

test('what is typed in becomes the lift that the worker takes, and stands there again after a reload', () => {
  expect(readLift(textsOf(PALLET))).toEqual({ lift: PALLET });
  // As many people write it.
  expect(readLift({ ...textsOf(PALLET), load_kg: ' 7,5 ' })).toEqual({ lift: PALLET });
});

test('what nobody knows is not told, so that the report can say what was assumed', () => {
  const { A_deg: _angle, coupling: _grip, load_kg: _load, name: _name, ...needed } = PALLET;
  expect(readLift(textsOf(needed))).toEqual({ lift: needed });
});

test('every field that is wrong is told with what was expected', () => {
  const texts = { ...textsOf(PALLET), H_cm: '400 mm', V_cm: '', A_deg: '190', load_kg: '0', duration: '' };
  expect(readLift({ ...texts, name: 'x'.repeat(61) })).toEqual({
    problems: {
      name: 'Expected at most 60 characters.',
      H_cm: 'Expected a number, 0 to 200 cm.',
      V_cm: 'Needed: 0 to 300 cm.',
      A_deg: 'Expected a number, 0 to 180°.',
      load_kg: 'Expected a number, 0.1 to 500 kg.',
      duration: 'Needed: choose one.',
    },
  });
});

test('a reach that is too far for any load is a finding, not a slip', () => {
  expect(readLift({ ...textsOf(PALLET), H_cm: '80' })).toMatchObject({ lift: { H_cm: 80 } });
});
