import { expect, test } from 'vitest';
import { cutViews, fromView, mergeDetections } from './tiling.ts';

const options = { tileSize: 1000, overlap: 0.2 };
const box = (x_min: number, y_min: number, x_max: number, y_max: number) => ({ x_min, y_min, x_max, y_max });
const whole = box(0, 0, 4000, 3000);

const found = (label: string, score: number, at: ReturnType<typeof box>, view = whole) => ({
  ...{ label, score, view },
  box: at,
});

test('a picture up to one and a half tiles long is looked at whole only', () => {
  expect(cutViews(1500, 1200, options)).toEqual([box(0, 0, 1500, 1200)]);
  expect(cutViews(1280, 960, { tileSize: 1280, overlap: 0.2 })).toHaveLength(1);
});

test('a larger one is also cut into tiles that reach its edges', () => {
  const views = cutViews(1800, 900, options);
  expect(views).toEqual([box(0, 0, 1800, 900), box(0, 0, 1000, 900), box(800, 0, 1800, 900)]);
});

test('a tile size of 0 turns tiling off', () => {
  expect(cutViews(20_000, 20_000, { tileSize: 0, overlap: 0.2 })).toHaveLength(1);
});

test('boxes of a tile are moved to where the tile lies', () => {
  const tile = box(800, 100, 1800, 1100);
  const [moved] = fromView([{ label: 'crack', score: 0.9, box: box(1, 2, 3, 4) }], tile);
  expect(moved?.box).toEqual(box(801, 102, 803, 104));
});

test('of two boxes that overlap by half only the better one stays, if they are of one class', () => {
  const views = [found('crack', 0.6, box(0, 0, 100, 100)), found('crack', 0.9, box(0, 0, 100, 60))];
  expect(mergeDetections(views, 4000, 3000).map(({ score }) => score)).toEqual([0.9]);
  const mixed = [found('crack', 0.6, box(0, 0, 100, 100)), found('stain', 0.9, box(0, 0, 100, 60))];
  expect(mergeDetections(mixed, 4000, 3000)).toHaveLength(2);
});

test('a piece that a tile cut off goes when the whole defect was found elsewhere, however sure it was', () => {
  const tile = box(0, 0, 1000, 1000);
  const piece = found('crack', 0.95, box(500, 500, 1000, 520), tile);
  const all = found('crack', 0.7, box(500, 495, 3000, 525));
  expect(mergeDetections([piece, all], 4000, 3000)).toEqual([all]);
});

test('a piece stays when the whole defect was found nowhere', () => {
  const left = found('crack', 0.9, box(500, 500, 1000, 520), box(0, 0, 1000, 1000));
  const right = found('crack', 0.8, box(800, 500, 1400, 520), box(800, 0, 1800, 1000));
  expect(mergeDetections([left, right], 4000, 3000)).toEqual([left, right]);
});

test('a small defect beside a large one of its class stays when no tile cut it off', () => {
  const inside = found('stain', 0.5, box(100, 100, 200, 200));
  const around = found('stain', 0.9, box(0, 0, 900, 900));
  expect(mergeDetections([inside, around], 4000, 3000)).toHaveLength(2);
});
