import { expect, test } from 'vitest';
import { decideCardUse } from './card-use.ts';

const facts = { hasCard: true, missing: [] as string[], folder: '/x' };

test('a worker that runs on the CPU anyway wants no card, by its variable or for what is not installed', () => {
  expect(decideCardUse({ ONNX_PROVIDER: 'cpu' }, () => facts)).toBe('none');
  expect(decideCardUse({}, () => ({ ...facts, hasCard: false }))).toBe('none');
  const missing = ['libonnxruntime_providers_cuda.so'];
  expect(decideCardUse({}, () => ({ ...facts, missing }))).toBe('none');
  const absent = () => {
    throw new Error('Cannot find module onnxruntime-node');
  };
  expect(decideCardUse({}, absent)).toBe('none');
});

test('one that finds a card wants it, and one that was told so takes nothing else', () => {
  expect(decideCardUse({}, () => facts)).toBe('wanted');
  expect(decideCardUse({ ONNX_PROVIDER: 'auto' }, () => facts)).toBe('wanted');
  expect(decideCardUse({ ONNX_PROVIDER: ' cuda ' }, () => ({ ...facts, hasCard: false }))).toBe('required');
});

test('cards that the endpoint hides from its workers are not wanted', () => {
  const seen: unknown[] = [];
  decideCardUse({ CUDA_VISIBLE_DEVICES: '-1' }, (env) => {
    seen.push(env.CUDA_VISIBLE_DEVICES);
    return facts;
  });
  expect(seen).toEqual(['-1']);
});
