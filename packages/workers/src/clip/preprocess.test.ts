import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLIP_MEAN, CLIP_STD, middleSquare, preparePicture } from './preprocess.ts';

interface Golden {
  readonly size: number;
  readonly cases: readonly { width: number; height: number; data: string; result: string }[];
}

const file = new URL('./testdata/preprocess-golden.json', import.meta.url);
const { size, cases } = JSON.parse(readFileSync(file, 'utf8')) as Golden;
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

test.each(cases)('$width x $height has the same levels as with Pillow', ({ width, height, data, result }) => {
  const image = { width, height, data: bytes(data) };
  const made = middleSquare(image, size);
  expect([made.width, made.height]).toEqual([size, size]);
  expect(Buffer.from(made.data).equals(bytes(result))).toBe(true);
});

test('levels become planes with CLIP’s mean and deviation', () => {
  const data = new Uint8Array(16 * 16 * 3).fill(255);
  const settings = { size: 16, mean: CLIP_MEAN, std: CLIP_STD };
  const planes = preparePicture({ width: 16, height: 16, data }, settings);
  expect(planes).toHaveLength(3 * 256);
  const firsts = [0, 1, 2].map((plane) => planes[plane * 256] ?? 0);
  expect(firsts.map((value) => value.toFixed(4))).toEqual(['1.9303', '2.0749', '2.1459']);
});
