import { expect, test } from 'vitest';
import type { Engine, Tensors } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createRfDetr, decodeDetections } from './rf-detr.ts';

const model: Model = {
  id: 'test',
  contract: 'rf-detr',
  isDemo: true,
  origin: 'card',
  labels: { 0: 'Beam', 1: 'crack', 2: 'spall' },
  path: '/models/test',
  files: {},
  hashes: [],
};

/** Logit of a probability. */
const logit = (p: number) => Math.log(p / (1 - p));

function fakeEngine(
  names: { input: string; boxes: string; logits: string },
  size: number | string,
  outputs: Tensors,
) {
  const fed: Tensors[] = [];
  const engine: Engine = {
    inputs: [{ name: names.input, type: 'float32', shape: [1, 3, size, size] }],
    outputs: [
      { name: names.boxes, type: 'float32', shape: [1, 'q', 4] },
      { name: names.logits, type: 'float32', shape: [1, 'q', 'c'] },
    ],
    run: async (feeds) => {
      fed.push(feeds);
      return outputs;
    },
    dispose: async () => undefined,
  };
  return { engine, fed };
}

const outputs = (boxes: string, logits: string): Tensors => ({
  [boxes]: {
    type: 'float32',
    data: Float32Array.from([0.5, 0.5, 0.5, 0.25, 0.1, 0.1, 0.4, 0.4, 0.9, 0.5, 0.2, 1]),
    dims: [1, 3, 4],
  },
  [logits]: {
    type: 'float32',
    data: Float32Array.from([-9, logit(0.75), -9, logit(0.9), -9, -9, -9, -9, logit(0.5)]),
    dims: [1, 3, 3],
  },
});

const grey = { width: 4, height: 2, data: new Uint8Array(24).fill(255) };
const whole = { x_min: 0, y_min: 0, x_max: 4, y_max: 2 };

test.each([
  ['rfdetr', { input: 'input', boxes: 'dets', logits: 'labels' }],
  ['onnx-community', { input: 'pixel_values', boxes: 'pred_boxes', logits: 'logits' }],
])('the names of the %s export give the same detections, best first', async (_, names) => {
  const { engine, fed } = fakeEngine(names, 8, outputs(names.boxes, names.logits));
  const found = await createRfDetr(model, engine).detect(grey, whole, { threshold: 0.4 });
  expect(found.map(({ label, score }) => [label, Math.round(score * 1000) / 1000])).toEqual([
    ['beam', 0.9],
    ['crack', 0.75],
    ['spalling', 0.5],
  ]);
  expect(found[1]?.box).toEqual({ x_min: 1, y_min: 0.75, x_max: 3, y_max: 1.25 });
  expect(Object.keys(fed[0] ?? {})).toEqual([names.input]);
});

test('a box that reaches out of the picture is cut to it', async () => {
  const names = { input: 'input', boxes: 'dets', logits: 'labels' };
  const { engine } = fakeEngine(names, 8, outputs('dets', 'labels'));
  const [best] = await createRfDetr(model, engine).detect(grey, whole, { threshold: 0.8 });
  expect(best?.box.x_min).toBe(0);
  expect(best?.box.y_min).toBe(0);
  expect(best?.box.x_max).toBeCloseTo(0.3 * 4, 5);
});

test('a picture is fed as normalised planes of the size that the graph fixes', async () => {
  const { engine, fed } = fakeEngine(
    { input: 'input', boxes: 'dets', logits: 'labels' },
    8,
    outputs('dets', 'labels'),
  );
  await createRfDetr(model, engine).detect(grey, whole, { threshold: 0.5 });
  const tensor = fed[0]?.input;
  expect(tensor?.dims).toEqual([1, 3, 8, 8]);
  expect(tensor?.data[0]).toBeCloseTo((1 - 0.485) / 0.229, 5);
  expect(tensor?.data[191]).toBeCloseTo((1 - 0.406) / 0.225, 5);
});

test('a graph of open size takes the size and normalisation that the config files say', async () => {
  const names = { input: 'pixel_values', boxes: 'pred_boxes', logits: 'logits' };
  const { engine, fed } = fakeEngine(names, 'size', outputs('pred_boxes', 'logits'));
  const card = { ...model, inputSize: 6, mean: [0, 0, 0], std: [1, 1, 1] };
  await createRfDetr(card, engine).detect(grey, whole, { threshold: 0.5 });
  expect(fed[0]?.pixel_values?.dims).toEqual([1, 3, 6, 6]);
  expect(fed[0]?.pixel_values?.data[0]).toBe(1);
});

test('a graph of open size that nothing tells the size of is refused', () => {
  const { engine } = fakeEngine({ input: 'input', boxes: 'dets', logits: 'labels' }, 'size', {});
  expect(() => createRfDetr(model, engine)).toThrow(/Add "inputSize" to its model.json/);
});

test('a wrong DETECTOR_NUM_CLASSES is refused with the number that fits', async () => {
  const { engine } = fakeEngine(
    { input: 'input', boxes: 'dets', logits: 'labels' },
    8,
    outputs('dets', 'labels'),
  );
  const detector = createRfDetr(model, engine, { numClasses: 90 });
  await expect(detector.detect(grey, whole, { threshold: 0.5 })).rejects.toThrow(
    /Set it to 2 or leave it out/,
  );
});

test('a score that the labels do not name is no class', async () => {
  const names = { input: 'input', boxes: 'dets', logits: 'labels' };
  const { engine } = fakeEngine(names, 8, outputs('dets', 'labels'));
  const found = await createRfDetr({ ...model, labels: { 1: 'crack' } }, engine).detect(grey, whole, {
    threshold: 0.4,
  });
  expect(found.map(({ label }) => label)).toEqual(['crack']);
});

test('without any labels every class is kept and called by its index', async () => {
  const names = { input: 'input', boxes: 'dets', logits: 'labels' };
  const { engine } = fakeEngine(names, 8, outputs('dets', 'labels'));
  const found = await createRfDetr({ ...model, labels: {} }, engine).detect(grey, whole, { threshold: 0.4 });
  expect(found.map(({ label }) => label)).toEqual(['class_0', 'class_1', 'class_2']);
});

test('no more detections come out than the model has queries', () => {
  const raw = {
    ...{ boxes: new Float32Array(8).fill(0.5), queries: 2, classes: 3, threshold: 0, width: 10, height: 10 },
    logits: Float32Array.from([3, 2, 1, 6, 5, 4]),
  };
  expect(decodeDetections(raw).map(({ classIndex }) => classIndex)).toEqual([0, 1]);
});

test('a score equal to the threshold is not above it', () => {
  const raw = {
    ...{ boxes: new Float32Array(4).fill(0.5), queries: 1, classes: 1, width: 10, height: 10 },
    logits: Float32Array.from([0]),
  };
  expect(decodeDetections({ ...raw, threshold: 0.5 })).toEqual([]);
  expect(decodeDetections({ ...raw, threshold: 0.49 })).toHaveLength(1);
});

test('scores that are equal in single precision keep the order of their places', () => {
  const raw = {
    ...{ boxes: new Float32Array(4).fill(0.5), queries: 1, classes: 2, threshold: 0, width: 10, height: 10 },
    // 1 - 1.1e-9 and 1 - 1e-9, both 1 in single precision.
    logits: Float32Array.from([20.6, 20.7]),
  };
  expect(decodeDetections(raw)).toMatchObject([{ classIndex: 0, score: 1 }]);
});

test('a box of negative size is empty, as in the reference', () => {
  const raw = {
    ...{ queries: 1, classes: 1, threshold: 0, width: 10, height: 10, logits: Float32Array.from([0]) },
    boxes: Float32Array.from([0.5, 0.5, -0.2, 0.4]),
  };
  expect(decodeDetections(raw)[0]?.box).toMatchObject({ x_min: 5, x_max: 5 });
});

test('pictures are shrunk without antialiasing, unless the model was trained with it', async () => {
  const names = { input: 'input', boxes: 'dets', logits: 'labels' };
  const image = { width: 4, height: 4, data: new Uint8Array(48) };
  // One white column in four: antialiasing spreads it over both halves of two pixels, sampling takes half of it.
  for (let row = 0; row < 4; row++) image.data.fill(255, row * 12, row * 12 + 3);
  const fedWith = async (antialias?: boolean) => {
    const { engine, fed } = fakeEngine(names, 2, outputs('dets', 'labels'));
    const card = { ...model, mean: [0, 0, 0], std: [1, 1, 1], antialias };
    await createRfDetr(card, engine).detect(image, { ...whole, y_max: 4 }, { threshold: 0.5 });
    return Array.from(fed[0]?.input?.data.slice(0, 2) ?? [], Number);
  };
  expect(await fedWith()).toEqual([0.5, 0]);
  const [left = 0] = await fedWith(true);
  expect(left).toBeCloseTo(109 / 255, 5);
});
