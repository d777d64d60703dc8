import { expect, test } from 'vitest';
import type { Engine, Tensor, Tensors } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createSam } from './sam.ts';

const model: Model = {
  id: 'test',
  contract: 'sam2',
  isDemo: true,
  origin: 'card',
  labels: {},
  path: '/models/test',
  files: {},
  hashes: [],
};

const zeros = (...dims: number[]): Tensor => ({
  type: 'float32',
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
  dims,
});

const EMBEDDINGS: Tensors = {
  'image_embeddings.0': zeros(1, 32, 4, 4),
  'image_embeddings.1': zeros(1, 64, 2, 2),
  'image_embeddings.2': zeros(1, 256, 1, 1),
};

const infos = (tensors: Tensors) =>
  Object.entries(tensors).map(([name, { type, dims }]) => ({ name, type, shape: [...dims] }));

function fakePair(size: number | string, answer: (boxes: number) => Tensors) {
  const fed: Record<'encoder' | 'decoder', Tensors[]> = { encoder: [], decoder: [] };
  const encoder: Engine = {
    inputs: [{ name: 'pixel_values', type: 'float32', shape: [1, 3, size, size] }],
    outputs: infos(EMBEDDINGS),
    run: async (feeds) => {
      fed.encoder.push(feeds);
      return EMBEDDINGS;
    },
    dispose: async () => undefined,
  };
  const decoder: Engine = {
    inputs: [
      { name: 'input_points', type: 'float32', shape: ['b', 'p', 'n', 2] },
      { name: 'input_labels', type: 'int64', shape: ['b', 'p', 'n'] },
      { name: 'input_boxes', type: 'float32', shape: ['b', 'k', 4] },
      ...infos(EMBEDDINGS),
    ],
    outputs: [
      { name: 'iou_scores', type: 'float32', shape: ['b', 'p', 3] },
      { name: 'pred_masks', type: 'float32', shape: ['b', 'p', 3, 4, 4] },
    ],
    run: async (feeds) => {
      fed.decoder.push(feeds);
      return answer(feeds.input_boxes?.dims[1] ?? 0);
    },
    dispose: async () => undefined,
  };
  return { encoder, decoder, fed };
}

/** Candidate c of every prompt is positive in its column c alone. */
function columnMasks(prompts: number, scores: readonly number[]): Tensors {
  const masks = new Float32Array(prompts * 48).fill(-1);
  for (let plane = 0; plane < prompts * 3; plane++) {
    for (let row = 0; row < 4; row++) {
      masks[plane * 16 + row * 4 + (plane % 3)] = 1;
    }
  }
  return {
    iou_scores: {
      type: 'float32',
      data: Float32Array.from(Array(prompts).fill(scores).flat()),
      dims: [1, prompts, 3],
    },
    pred_masks: { type: 'float32', data: masks, dims: [1, prompts, 3, 4, 4] },
  };
}

const picture = { width: 8, height: 4, data: new Uint8Array(96).fill(255) };
const whole = { x_min: 0, y_min: 0, x_max: 8, y_max: 4 };

test('boxes go to the decoder in the coordinates of the squeezed square, without points', async () => {
  const { encoder, decoder, fed } = fakePair(16, (boxes) => columnMasks(boxes, [0, 1, 0]));
  const segmenter = createSam(model, encoder, decoder);
  const embedding = await segmenter.embed(picture, whole);
  await segmenter.segment(embedding, [{ x_min: 2, y_min: 1, x_max: 6, y_max: 3 }]);
  const [prompt] = fed.decoder;
  expect([...(prompt?.input_boxes?.data ?? [])]).toEqual([4, 4, 12, 12]);
  expect(prompt?.input_points?.dims).toEqual([1, 1, 0, 2]);
  expect(prompt?.input_labels?.dims).toEqual([1, 1, 0]);
});

test('the candidate with the best score becomes the mask, its score the confidence', async () => {
  const { encoder, decoder } = fakePair(16, (boxes) => columnMasks(boxes, [0.5, 0.25, 0.75]));
  const segmenter = createSam(model, encoder, decoder);
  const [found] = await segmenter.segment(await segmenter.embed(picture, whole), [whole]);
  expect(found?.score).toBe(0.75);
  // Column 2 of 4 covers the pixels 4 and 5 of 8; halfway to its neighbours the logit is 0 or less.
  const { x = 0, mask } = found?.placed ?? {};
  const columns = Array.from({ length: mask?.width ?? 0 }, (_, at) => x + at).filter(
    (column) => mask?.data[column - x] === 1,
  );
  expect(columns).toEqual([4, 5]);
});

test('more boxes than fit into one run are asked about in several, in order', async () => {
  const { encoder, decoder, fed } = fakePair(16, (boxes) => columnMasks(boxes, [1, 0, 0]));
  const segmenter = createSam(model, encoder, decoder);
  const boxes = Array.from({ length: 70 }, (_, index) => ({ ...whole, x_max: 1 + (index % 7) }));
  const found = await segmenter.segment(await segmenter.embed(picture, whole), boxes);
  expect(found).toHaveLength(70);
  expect(fed.encoder).toHaveLength(1);
  expect(fed.decoder.map((feeds) => feeds.input_boxes?.dims[1])).toEqual([32, 32, 6]);
  expect(fed.decoder[2]?.input_boxes?.data[2]).toBe(2 * (1 + (64 % 7)));
});

test('a mask without pixels and a score that is no number give no mask', async () => {
  const empty = fakePair(16, () => ({
    ...columnMasks(1, [1, 1, 1]),
    pred_masks: { type: 'float32', data: new Float32Array(48).fill(-1), dims: [1, 1, 3, 4, 4] },
  }));
  const broken = fakePair(16, () => columnMasks(1, [Number.NaN, Number.NaN, Number.NaN]));
  for (const { encoder, decoder } of [empty, broken]) {
    const segmenter = createSam(model, encoder, decoder);
    const [found] = await segmenter.segment(await segmenter.embed(picture, whole), [whole]);
    expect(found?.placed).toBeUndefined();
  }
});

test('a score outside of 0 to 1 is cut to it', async () => {
  const { encoder, decoder } = fakePair(16, (boxes) => columnMasks(boxes, [1.2, 0, 0]));
  const segmenter = createSam(model, encoder, decoder);
  const [found] = await segmenter.segment(await segmenter.embed(picture, whole), [whole]);
  expect(found?.score).toBe(1);
});

test.each([
  ['sam2', 1024, (1 - 0.485) / 0.229],
  ['sam3-tracker', 1008, 1],
] as const)('a %s graph of open size gets its own size and normalisation', async (contract, size, white) => {
  const { encoder, decoder, fed } = fakePair('side', (boxes) => columnMasks(boxes, [1, 0, 0]));
  await createSam({ ...model, contract }, encoder, decoder).embed(picture, whole);
  const pixels = fed.encoder[0]?.pixel_values;
  expect(pixels?.dims).toEqual([1, 3, size, size]);
  expect(Number(pixels?.data[0])).toBeCloseTo(white, 5);
});
