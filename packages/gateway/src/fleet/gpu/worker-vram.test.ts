import { expect, test } from 'vitest';
import { GIGABYTE } from './memory-text.ts';
import { knownNeed, type ModelCard } from './worker-vram.ts';

const NONE = () => undefined;
const gigabytes = (env: Record<string, string>, find: (value: string) => ModelCard | undefined = NONE) =>
  (knownNeed('detect', env, find)?.memoryBytes ?? 0) / GIGABYTE;

test('detect needs what its users plan with: medium and SAM 3 fit a card of 8 GB', () => {
  expect(gigabytes({})).toBeCloseTo(7);
  expect(knownNeed('detect', {}, NONE)?.parts.map(({ what }) => what)).toEqual([
    'detector medium',
    'segmenter SAM 3',
    'CUDA and pictures',
  ]);
});

test.each([
  [{ DETECTOR_VARIANT: 'nano' }, 6.5],
  [{ DETECTOR_VARIANT: 'large' }, 8],
  [{ DETECTOR_VARIANT: 'small', SAM_MODEL_PATH: '/models/sam2.1_hiera_large.pt' }, 6.2],
  [{ DETECTOR_VARIANT: 'medium', DETECTOR_CONCURRENCY: '2' }, 12.5],
  [{ DETECTOR_VARIANT: 'medium', DETECTOR_CONCURRENCY: 'many' }, 7],
])('%j need %d GB', (env, expected) => {
  expect(gigabytes(env as Record<string, string>)).toBeCloseTo(expected);
});

test('what a model’s own card says goes before the table', () => {
  const cards: Record<string, ModelCard> = {
    mine: { vramBytes: 3 * GIGABYTE },
    'sam-b': { contract: 'sam2' },
    'rf-x': { variant: 'large' },
  };
  const find = (value: string) => cards[value];
  expect(gigabytes({ DETECTOR_WEIGHTS: 'mine', SAM_MODEL_PATH: 'sam-b' }, find)).toBeCloseTo(8);
  expect(gigabytes({ DETECTOR_WEIGHTS: 'rf-x' }, find)).toBeCloseTo(8);
});

test('no figure is made up: not for another worker, not for a variant that is not in the table', () => {
  expect(knownNeed('clip', {}, NONE)).toBeUndefined();
  expect(knownNeed('detect', { DETECTOR_VARIANT: 'huge' }, NONE)).toBeUndefined();
  expect(knownNeed('detect', { DETECTOR_VARIANT: 'constructor' }, NONE)).toBeUndefined();
  const clip = knownNeed('clip', { CLIP_MODEL: 'vit' }, () => ({ vramBytes: 5e8 }));
  expect(clip?.memoryBytes).toBe(5e8);
});
