import { expect, test } from 'vitest';
import type { Engine, Tensor, Tensors } from '../engines/engine.ts';
import { ModelError } from '../engines/model-error.ts';
import type { Model } from '../engines/models.ts';
import { createPoseEstimator } from './pose-estimator.ts';

const model = (contract: 'vitpose' | 'rtmpose'): Model => ({
  ...{ id: 'test', contract, isDemo: false, origin: 'card', labels: {}, path: '/models/test', files: {} },
  hashes: [],
});

const float = (data: Float32Array, ...dims: number[]): Tensor => ({ type: 'float32', data, dims });

interface FakeOptions {
  readonly batch?: number | string;
  readonly keypoints?: number | string;
  readonly isPlus?: boolean;
}

/** Every heat map has its bump at cell 30, 20. */
function fakeVitpose({ batch = 'batch', keypoints = 17, isPlus = false }: FakeOptions = {}) {
  const fed: Tensors[] = [];
  const engine: Engine = {
    inputs: [
      { name: 'pixel_values', type: 'float32', shape: [batch, 3, 256, 192] },
      ...(isPlus ? [{ name: 'dataset_index', type: 'int64', shape: [batch] }] : []),
    ],
    outputs: [{ name: 'heatmaps', type: 'float32', shape: [batch, keypoints, 64, 48] }],
    async run(feeds) {
      fed.push({ ...feeds });
      const rows = feeds.pixel_values?.dims[0] ?? 0;
      const count = typeof keypoints === 'number' ? keypoints : 17;
      const maps = new Float32Array(rows * count * 64 * 48);
      for (let map = 0; map < rows * count; map++)
        for (let at = 0; at < 64 * 48; at++) {
          const [dx, dy] = [(at % 48) - 30, Math.floor(at / 48) - 20];
          maps[map * 64 * 48 + at] = 0.8 * Math.exp(-(dx * dx + dy * dy) / 8);
        }
      return { heatmaps: float(maps, rows, count, 64, 48) };
    },
    dispose: async () => undefined,
  };
  return { engine, fed };
}

const image = { width: 400, height: 300, data: new Uint8Array(400 * 300 * 3).fill(128) };
const boxAt = (x: number) => ({ x_min: x, x_max: x + 60, y_min: 40, y_max: 240 });
const people = (count: number) => Array.from({ length: count }, (_, at) => ({ image, box: boxAt(at * 20) }));

test('a heat map’s bump becomes a place of the picture, through the padded crop of 3 : 4', async () => {
  const { engine } = fakeVitpose();
  const [estimate] = await createPoseEstimator(model('vitpose'), engine).estimate(people(1));
  // 200 high, so 150 wide, each a quarter more; the corners are the middles of the corner cells.
  const [x, y] = [30 - 187.5 / 2 + (30 * 187.5) / 47, 140 - 125 + (20 * 250) / 63];
  expect(estimate?.layout).toBe('coco17');
  expect(estimate?.keypoints).toHaveLength(17);
  expect(estimate?.keypoints[3]?.[0]).toBeCloseTo(x, 2);
  expect(estimate?.keypoints[3]?.[1]).toBeCloseTo(y, 2);
  expect(estimate?.keypoints[3]?.[2]).toBeCloseTo(0.8, 5);
});

test('people share runs up to the largest batch, and answers keep their order', async () => {
  const { engine, fed } = fakeVitpose();
  const estimates = await createPoseEstimator(model('vitpose'), engine, { maxBatch: 4 }).estimate(people(6));
  expect(fed.map(({ pixel_values }) => pixel_values?.dims[0])).toEqual([4, 2]);
  const xs = estimates.map(({ keypoints }) => keypoints[0]?.[0] ?? 0);
  expect(xs.slice(1).map((x, at) => Math.round(x - (xs[at] ?? 0)))).toEqual([20, 20, 20, 20, 20]);
});

test('an export for one person gets one at a time, one for three gets three', async () => {
  const one = fakeVitpose({ batch: 1 });
  expect(await createPoseEstimator(model('vitpose'), one.engine).estimate(people(3))).toHaveLength(3);
  expect(one.fed.map(({ pixel_values }) => pixel_values?.dims[0])).toEqual([1, 1, 1]);
  const three = fakeVitpose({ batch: 3 });
  expect(await createPoseEstimator(model('vitpose'), three.engine).estimate(people(4))).toHaveLength(4);
  expect(three.fed.map(({ pixel_values }) => pixel_values?.dims[0])).toEqual([3, 3]);
});

test('nobody needs no run', async () => {
  const { engine, fed } = fakeVitpose();
  expect(await createPoseEstimator(model('vitpose'), engine).estimate([])).toEqual([]);
  expect(fed).toEqual([]);
});

test.each([
  [17, 'coco17', 0n],
  [26, 'halpe26', 0n],
  [133, 'wholebody133', 5n],
] as const)(
  '%i keypoints are %s; ViTPose++ is told which data set that is',
  async (keypoints, layout, dataset) => {
    const { engine, fed } = fakeVitpose({ keypoints, isPlus: true });
    const [estimate] = await createPoseEstimator(model('vitpose'), engine).estimate(people(1));
    expect(estimate?.layout).toBe(layout);
    expect(fed[0]?.dataset_index).toEqual({ type: 'int64', data: new BigInt64Array([dataset]), dims: [1] });
  },
);

test('keypoints of no known layout are refused when the model is loaded', () => {
  const { engine } = fakeVitpose({ keypoints: 21 });
  expect(() => createPoseEstimator(model('vitpose'), engine)).toThrow(ModelError);
  expect(() => createPoseEstimator(model('vitpose'), engine)).toThrow(
    'The pose model test gives 21 keypoints. Known are those that give 17 (coco17), 26 (halpe26), 133 (wholebody133).',
  );
});

test('a detector where a pose model belongs is refused with the difference', () => {
  const { engine } = fakeVitpose();
  const detector = { ...engine, outputs: [{ name: 'dets', type: 'float32', shape: [1, 300, 4] }] };
  expect(() => createPoseEstimator(model('vitpose'), detector)).toThrow(
    /The pose model test does not fit its contract: output "heatmaps" is missing \(it has: dets\)/,
  );
});

test('RTMPose’s columns and rows become places, two or more to a pixel, with the lower of both scores', async () => {
  const simcc = (length: number, best: number, score: number) => {
    const scores = new Float32Array(17 * length);
    for (let keypoint = 0; keypoint < 17; keypoint++) scores[keypoint * length + best + keypoint] = score;
    return float(scores, 1, 17, length);
  };
  const engine: Engine = {
    inputs: [{ name: 'input', type: 'float32', shape: ['batch', 3, 256, 192] }],
    outputs: [
      { name: 'simcc_x', type: 'float32', shape: ['batch', 17, 384] },
      { name: 'simcc_y', type: 'float32', shape: ['batch', 17, 512] },
    ],
    run: async () => ({ simcc_x: simcc(384, 192, 0.7), simcc_y: simcc(512, 100, 0.4) }),
    dispose: async () => undefined,
  };
  const [estimate] = await createPoseEstimator(model('rtmpose'), engine).estimate(people(1));
  const [first, second] = estimate?.keypoints ?? [];
  expect(first?.[0]).toBeCloseTo(30, 4);
  expect(first?.[1]).toBeCloseTo(140 - 125 + (50 * 250) / 256, 4);
  expect(first?.[2]).toBeCloseTo(0.4, 5);
  expect((second?.[0] ?? 0) - (first?.[0] ?? 0)).toBeCloseTo(187.5 / 384, 4);
});
