import { expect, test } from 'vitest';
import { findPeak } from './heatmaps.ts';
import { fromCrop, personCrop } from './person-crop.ts';
import { readPoseGolden } from './testdata/read-pose-golden.ts';

const golden = readPoseGolden();
const { width, height, maps, box, keypoints } = golden.heatmaps;
const all = new Float32Array(new Uint8Array(Buffer.from(maps, 'base64')).buffer);
const mapOf = (index: number) => all.subarray(index * width * height, (index + 1) * width * height);

function bump(cx: number, cy: number, { top = 0.9, sigma = 2, w = 48, h = 64 } = {}): Float32Array {
  return Float32Array.from({ length: w * h }, (_, at) => {
    const [dx, dy] = [(at % w) - cx, Math.floor(at / w) - cy];
    return top * Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
  });
}

test('keypoints are read from heat maps as transformers reads them', () => {
  const [x = 0, y = 0, w = 0, h = 0] = box;
  const area = personCrop({ x_min: x, y_min: y, x_max: x + w, y_max: y + h }, { width: 192, height: 256 });
  for (const [index, [expectedX = 0, expectedY = 0, score = 0]] of keypoints.entries()) {
    const peak = findPeak(mapOf(index), width, height);
    expect(peak.value).toBeCloseTo(score, 4);
    // Where nothing was found transformers answers a place outside the picture; here its confidence tells.
    if (score <= 0) continue;
    const [madeX, madeY] = fromCrop(area, peak.x, peak.y, { width, height }, 'udp');
    expect([index, Math.hypot(madeX - expectedX, madeY - expectedY) < 2e-3]).toEqual([index, true]);
  }
});

test('the middle of a bump is found to a fiftieth of a cell, wherever it lies between cells', () => {
  for (const [x, y] of [
    [20.5, 30.5],
    [11.31, 40.77],
    [3.08, 60.4],
    [44.9, 2.6],
  ] as const) {
    const peak = findPeak(bump(x, y), 48, 64);
    expect(Math.hypot(peak.x - x, peak.y - y)).toBeLessThan(0.02);
  }
});

test('a flat map, an empty one and one without positive values have a place inside and their own low value', () => {
  const flat = findPeak(new Float32Array(48 * 64).fill(0.0004), 48, 64);
  expect(flat).toMatchObject({ x: 0, y: 0 });
  expect(flat.value).toBeCloseTo(0.0004);
  expect(findPeak(new Float32Array(48 * 64), 48, 64)).toEqual({ x: 0, y: 0, value: 0 });
  expect(findPeak(new Float32Array(48 * 64).fill(-1), 48, 64).value).toBe(-1);
});

test('a saddle between two equal peaks sends no keypoint far away', () => {
  const [a, b] = [bump(20, 30, { top: 0.5, sigma: 1 }), bump(23, 31, { top: 0.5, sigma: 1 })];
  const peak = findPeak(
    a.map((value, at) => value + (b[at] ?? 0)),
    48,
    64,
  );
  expect(Math.min(Math.hypot(peak.x - 20, peak.y - 30), Math.hypot(peak.x - 23, peak.y - 31))).toBeLessThan(
    1,
  );
});
