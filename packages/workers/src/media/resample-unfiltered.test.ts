import { expect, test } from 'vitest';
import { sampleToChw } from './resample-unfiltered.ts';

const PLAIN = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };

/** Rows of grey levels. */
function grey(...rows: number[][]) {
  const width = rows[0]?.length ?? 0;
  return {
    width,
    height: rows.length,
    data: Uint8Array.from(rows.flat().flatMap((level) => [level, level, level])),
  };
}

const around = (width: number, height: number) => ({ x_min: 0, y_min: 0, x_max: width, y_max: height });
const rounded = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 100) / 100);

test('a value is mixed of its neighbours alone, whatever lies between two places', () => {
  const row = [0, 100, 250, 250, 0, 250, 200, 50];
  const image = grey(row, row, row, row, row, row, row, row);
  expect(rounded(sampleToChw(image, around(8, 8), { size: 1, ...PLAIN }))).toEqual([125, 125, 125]);
  const two = rounded(sampleToChw(image, around(8, 8), { size: 2, ...PLAIN })).slice(0, 2);
  expect(two).toEqual([175, 225]);
});

test('enlarged, the edge is kept and steps are even', () => {
  const values = rounded(sampleToChw(grey([0, 100], [0, 100]), around(2, 2), { size: 4, ...PLAIN }));
  expect(values.slice(0, 4)).toEqual([0, 25, 75, 100]);
});

test('a region is looked at as if it were the whole picture', () => {
  const image = grey([9, 9, 9, 9], [9, 0, 100, 9], [9, 0, 100, 9], [9, 9, 9, 9]);
  const region = { x_min: 1, y_min: 1, x_max: 3, y_max: 3 };
  const values = rounded(sampleToChw(image, region, { size: 4, ...PLAIN }));
  expect(values.slice(0, 4)).toEqual([0, 25, 75, 100]);
  expect(values.slice(12, 16)).toEqual([0, 25, 75, 100]);
});

test('values are normalised by channel', () => {
  const image = { width: 1, height: 1, data: Uint8Array.from([255, 0, 51]) };
  const values = sampleToChw(image, around(1, 1), { size: 1, mean: [0.5, 0.5, 0.2], std: [0.5, 0.25, 1] });
  expect(rounded(values)).toEqual([1, -2, 0]);
});
