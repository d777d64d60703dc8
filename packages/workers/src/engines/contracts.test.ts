import { expect, test } from 'vitest';
import { CONTRACTS, matchSignature } from './contracts.ts';
import type { TensorInfo } from './engine.ts';
import { ModelError } from './model-error.ts';

const float = (name: string, ...shape: (number | string)[]): TensorInfo => ({ name, type: 'float32', shape });
const file = CONTRACTS['rf-detr'].model;

const official = {
  inputs: [float('input', 1, 3, 384, 384)],
  outputs: [float('dets', 1, 300, 4), float('labels', 1, 300, 91)],
};

test('both name sets of RF-DETR exports fit their contract', () => {
  const public_ = {
    inputs: [float('pixel_values', 'batch', 3, 'height', 'width')],
    outputs: [float('logits', 'batch', 300, 91), float('pred_boxes', 'batch', 300, 4)],
  };
  expect(Object.keys(matchSignature(official, file, 'It').outputs)).toEqual(['dets', 'labels']);
  expect(Object.keys(matchSignature(public_, file, 'It').outputs)).toEqual(['pred_boxes', 'logits']);
});

test('outputs beyond the contract, such as the masks of a segmentation model, are no problem', () => {
  const outputs = [...official.outputs, float('masks', 1, 300, 96, 96)];
  expect(() => matchSignature({ ...official, outputs }, file, 'It')).not.toThrow();
});

test.each([
  [
    'a missing output',
    { ...official, outputs: [float('dets', 1, 300, 4)] },
    /output "labels" is missing \(it has: dets\)/,
  ],
  [
    'a wrong type',
    { ...official, inputs: [{ name: 'input', type: 'uint8', shape: [1, 3, 384, 384] }] },
    /input "input" should be float32, it is uint8/,
  ],
  [
    'a picture that is not square',
    { ...official, inputs: [float('input', 1, 3, 384, 512)] },
    /input "input" should have the shape \[B, 3, R, R\], it has \[1, 3, 384, 512\]/,
  ],
  [
    'outputs that disagree on the number of boxes',
    { ...official, outputs: [float('dets', 1, 300, 4), float('labels', 1, 200, 91)] },
    /output "labels" should have the shape/,
  ],
  [
    'an input nobody could feed',
    { ...official, inputs: [...official.inputs, float('mask', 1, 384, 384)] },
    /an input "mask" that the contract does not know/,
  ],
])('%s is refused with a sentence', (_, engine, sentence) => {
  expect(() => matchSignature(engine, file, 'The detector d')).toThrow(ModelError);
  expect(() => matchSignature(engine, file, 'The detector d')).toThrow(sentence);
});

test('all differences are told at once, against the name set that is nearest', () => {
  const engine = { inputs: [float('pixel_values', 1, 4, 32, 32)], outputs: [float('logits', 1, 9, 2)] };
  expect(() => matchSignature(engine, file, 'It')).toThrow(
    /input "pixel_values" should have the shape .*; output "pred_boxes" is missing/,
  );
});

test('ViTPose fits its contract with and without the number of the data set it is to answer as', () => {
  const plain = {
    inputs: [float('pixel_values', 'batch', 3, 256, 192)],
    outputs: [float('heatmaps', 'batch', 17, 64, 48)],
  };
  const dataset: TensorInfo = { name: 'dataset_index', type: 'int64', shape: ['batch'] };
  const plus = { ...plain, inputs: [...plain.inputs, dataset] };
  const rules = CONTRACTS.vitpose.model;
  expect(Object.keys(matchSignature(plain, rules, 'It').inputs)).toEqual(['pixel_values']);
  expect(Object.keys(matchSignature(plus, rules, 'It').inputs)).toEqual(['pixel_values', 'dataset_index']);
  expect(() => matchSignature(plain, file, 'It')).toThrow(/output "pred_boxes" is missing/);
});

test('RTMPose is told from ViTPose and RF-DETR by its names', () => {
  const exported = {
    inputs: [float('input', 'batch', 3, 256, 192)],
    outputs: [float('simcc_x', 'batch', 133, 384), float('simcc_y', 'batch', 133, 512)],
  };
  expect(() => matchSignature(exported, CONTRACTS.rtmpose.model, 'It')).not.toThrow();
  expect(() => matchSignature(exported, CONTRACTS.vitpose.model, 'The estimator e')).toThrow(
    /The estimator e does not fit its contract: input "pixel_values" is missing \(it has: input\)/,
  );
  const outputs = [float('simcc_x', 'batch', 133, 384), float('simcc_y', 'batch', 17, 512)];
  expect(() => matchSignature({ ...exported, outputs }, CONTRACTS.rtmpose.model, 'It')).toThrow(
    /output "simcc_y" should have the shape/,
  );
});
