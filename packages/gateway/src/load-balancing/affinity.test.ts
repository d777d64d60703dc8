import { expect, test } from 'vitest';
import { parseAffinity } from './affinity.ts';

test.each([
  [undefined, { wish: 'any' }],
  ['', { wish: 'any' }],
  ['  ', { wish: 'any' }],
  ['w1', { wish: 'prefer', workerId: 'w1' }],
  ['strict w1', { wish: 'only', workerId: 'w1' }],
  ['strict-resume  w1 ', { wish: 'only', workerId: 'w1' }],
  ['Strict w1', { wish: 'only', workerId: 'w1' }],
  // Never a reason to fail: a wish that nobody understands is one for a worker that there isn't.
  ['strict', { wish: 'prefer', workerId: 'strict' }],
  ['strict a b', { wish: 'prefer', workerId: 'strict a b' }],
])('X-Runpod-Worker-Id: %s', (header, affinity) => {
  expect(parseAffinity(header)).toEqual(affinity);
});
