import { expect, test } from 'vitest';
import { visibleCards } from './card.ts';
import { newTestCard } from './test-placer.ts';

const cards = [
  newTestCard(0, 24, { id: 'GPU-aaaa1111' }),
  newTestCard(1, 24, { id: 'GPU-aaaa2222' }),
  newTestCard(2, 8, { id: 'MIG-bbbb', part: '1g.10gb' }),
];
const seen = (devices: string | undefined) => visibleCards(cards, devices).map(({ id }) => id);

test.each([
  [undefined, ['GPU-aaaa1111', 'GPU-aaaa2222', 'MIG-bbbb']],
  ['1,0', ['GPU-aaaa2222', 'GPU-aaaa1111']],
  ['GPU-aaaa2222', ['GPU-aaaa2222']],
  ['GPU-aaaa2, MIG-b', ['GPU-aaaa2222', 'MIG-bbbb']],
  ['0,0', ['GPU-aaaa1111']],
])('CUDA_VISIBLE_DEVICES=%s shows %j', (devices, ids) => {
  expect(seen(devices)).toEqual(ids);
});

test.each([[''], ['-1'], ['NoDevFiles'], ['GPU-aaaa'], ['GPU-cccc'], ['9']])(
  'CUDA_VISIBLE_DEVICES=%s shows no card',
  (devices) => {
    expect(seen(devices)).toEqual([]);
  },
);

test('entries behind one that fits no card count for nothing, as with CUDA', () => {
  expect(seen('0,-1,1')).toEqual(['GPU-aaaa1111']);
});
