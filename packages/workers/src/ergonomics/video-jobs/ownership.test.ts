import { expect, test } from 'vitest';
import { mayUse } from './ownership.ts';

test.each([
  ['its own key', 'k1', 'k1', true],
  ['another key', 'k2', 'k1', false],
  ['a key whose id begins alike', 'k', 'k1', false],
  ['the key behind a visitor', 'k1', 'k1/v1', true],
  ['the visitor', 'k1/v1', 'k1/v1', true],
  ['another visitor', 'k1/v2', 'k1/v1', false],
  ['a visitor of the key itself', 'k1/v1', 'k1', false],
  ['the admin', 'admin', 'k1', true],
  ['a visitor of the admin', 'admin/v1', 'admin', false],
  ['anybody, where nobody is told apart', undefined, 'k1', true],
  ['anybody, of what was made where nobody was told apart', 'k1', undefined, true],
])('a video may be used by %s: %s of %s: %s', (_, submitter, owner, may) => {
  expect(mayUse({ submitter }, owner)).toBe(may);
});
