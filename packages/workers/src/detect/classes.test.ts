import { expect, test } from 'vitest';
import { isLineLike, isStructureClass, productClass } from './classes.ts';

test.each([
  ['spall', 'spalling'],
  ['Spalling', 'spalling'],
  ['Exposed Rebar', 'exposed_rebar'],
  ['exposed-rebar', 'exposed_rebar'],
  [' crack ', 'crack'],
  ['graffiti', 'graffiti'],
])('the label "%s" is called "%s"', (label, name) => {
  expect(productClass(label)).toBe(name);
});

test('what is not known as a structure is an anomaly', () => {
  expect(isStructureClass('girder')).toBe(true);
  expect(isStructureClass('crack')).toBe(false);
  expect(isStructureClass('graffiti')).toBe(false);
});

test('cracks and rebar are line-like, other known classes are not, unknown ones are left to their shape', () => {
  expect(isLineLike('crack')).toBe(true);
  expect(isLineLike('exposed_rebar')).toBe(true);
  expect(isLineLike('stain')).toBe(false);
  expect(isLineLike('graffiti')).toBeUndefined();
});
