import { expect, test } from 'vitest';
import type { Engine } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createPersonDetector, mayFindPeople } from './person-detector.ts';

const model = (labels: Record<string, string>): Model => ({
  ...{
    id: 'test',
    contract: 'rf-detr',
    isDemo: false,
    origin: 'card',
    labels,
    path: '/models/test',
    files: {},
  },
  hashes: [],
});

/** @param logits rows of class scores, one a box; boxes stand side by side. */
function fake(logits: readonly (readonly number[])[], classes: number, apart = 0.2): Engine {
  const boxes = logits.flatMap((_, at) => [0.2 + at * apart, 0.5, 0.1, 0.8]);
  return {
    inputs: [{ name: 'input', type: 'float32', shape: [1, 3, 32, 32] }],
    outputs: [
      { name: 'dets', type: 'float32', shape: [1, logits.length, 4] },
      { name: 'labels', type: 'float32', shape: [1, logits.length, classes] },
    ],
    run: async () => ({
      dets: { type: 'float32', data: Float32Array.from(boxes), dims: [1, logits.length, 4] },
      labels: { type: 'float32', data: Float32Array.from(logits.flat()), dims: [1, logits.length, classes] },
    }),
    dispose: async () => undefined,
  };
}

const image = { width: 100, height: 50, data: new Uint8Array(100 * 50 * 3) };

test('only who the labels call a person is found, best first, and no more than wanted', async () => {
  const engine = fake(
    [
      [-9, 1, 4],
      [3, -9, -9],
      [-9, 2, -9],
      [-9, 0.5, -9],
    ],
    3,
  );
  const detector = createPersonDetector(model({ 0: 'ball', 1: 'Person', 2: 'chair' }), engine);
  const found = await detector.find(image, { threshold: 0.4, maxPeople: 2 });
  expect(found.map(({ score }) => Math.round(score * 100))).toEqual([88, 73]);
  expect(found[0]?.box.x_min).toBeCloseTo(55, 3);
});

test('an export of COCO’s classes without labels finds class 1', async () => {
  const row = (best: number) => Array.from({ length: 91 }, (_, at) => (at === best ? 2 : -9));
  const detector = createPersonDetector(model({}), fake([row(3), row(1)], 91));
  expect(await detector.find(image, { threshold: 0.5, maxPeople: 9 })).toHaveLength(1);
});

test('a detector of something else is refused with what it has', () => {
  const walls = model({ 0: 'crack', 1: 'spalling' });
  expect(mayFindPeople(walls)).toBe(false);
  expect(() => createPersonDetector(walls, fake([[1, 1, 1]], 3))).toThrow(
    'The detector test has no class "person" (it has: crack, spalling), so it can\'t find people.',
  );
  expect(() => createPersonDetector(model({}), fake([[1, 1, 1]], 3))).toThrow(/\(it comes without labels\)/);
});

test('a person who was found twice is found once, by the better score', async () => {
  const rows = [
    [-9, 1],
    [-9, 2],
  ];
  const detector = createPersonDetector(model({ 1: 'person' }), fake(rows, 2, 0.002));
  const found = await detector.find(image, { threshold: 0.4, maxPeople: 9 });
  expect(found.map(({ score }) => Math.round(score * 100))).toEqual([88]);
});
