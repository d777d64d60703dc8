import { expect, test } from 'vitest';
import type { Ink } from '../../media/rasterizer.ts';
import { fillRect, strokePolyline } from '../../media/rasterizer.ts';
import { createTypeface } from '../../media/typeface.ts';
import { createYuvCanvas, type YuvPixels } from './yuv-canvas.ts';

const RED: Ink = { color: [255, 0, 0], alpha: 1 };

function greyFrame(widthPx: number, heightPx: number): YuvPixels {
  const data = new Uint8Array(widthPx * heightPx * 1.5).fill(128);
  return { widthPx, heightPx, data };
}

/** The planes of a small frame as rows of numbers. */
function planesOf({ widthPx, heightPx, data }: YuvPixels) {
  const rows = (from: number, width: number, height: number) =>
    Array.from({ length: height }, (_, row) => [
      ...data.subarray(from + row * width, from + (row + 1) * width),
    ]);
  const luma = widthPx * heightPx;
  const half = [widthPx / 2, heightPx / 2] as const;
  return { y: rows(0, widthPx, heightPx), u: rows(luma, ...half), v: rows(luma * 1.25, ...half) };
}

test.each([
  ['bt601', 'white', [255, 255, 255], [235, 128, 128]],
  ['bt601', 'red', [255, 0, 0], [81, 90, 240]],
  ['bt709', 'red', [255, 0, 0], [63, 102, 240]],
  ['bt709', 'blue', [0, 0, 255], [32, 240, 118]],
  ['bt709', 'black', [0, 0, 0], [16, 128, 128]],
] as const)('in %s %s has the numbers of the standard', (matrix, _, color, numbers) => {
  const frame = greyFrame(4, 4);
  createYuvCanvas(frame, matrix).fillBox({ x_min: 0, y_min: 0, x_max: 4, y_max: 4 }, { color, alpha: 1 });
  const { y, u, v } = planesOf(frame);
  expect([y[2]?.[2], u[1]?.[1], v[1]?.[1]]).toEqual(numbers);
});

test('a box covers its pixels, and a colour that it shares with its neighbours by its part', () => {
  const frame = greyFrame(6, 4);
  createYuvCanvas(frame, 'bt601').fillBox({ x_min: 1, y_min: 1, x_max: 5, y_max: 4 }, RED);
  const { y, v } = planesOf(frame);
  expect(y).toEqual([
    [128, 128, 128, 128, 128, 128],
    ...Array.from({ length: 3 }, () => [128, 81, 81, 81, 81, 128]),
  ]);
  // 240 of red, by a quarter, a half and the whole, from 128.
  expect(v).toEqual([
    [156, 184, 156],
    [184, 240, 184],
  ]);
});

test('a half-transparent box lets the picture through', () => {
  const frame = greyFrame(4, 4);
  const box = { x_min: 0, y_min: 0, x_max: 4, y_max: 4 };
  createYuvCanvas(frame, 'bt601').fillBox(box, { color: [255, 255, 255], alpha: 0.5 });
  expect(planesOf(frame).y[0]).toEqual(Array.from({ length: 4 }, () => 182));
});

test('a frame around a box is drawn inwards and covers nothing twice', () => {
  const frame = greyFrame(8, 8);
  const box = { x_min: 0, y_min: 0, x_max: 8, y_max: 8 };
  createYuvCanvas(frame, 'bt601').strokeBox(box, 2, { color: [255, 255, 255], alpha: 0.5 });
  const { y } = planesOf(frame);
  expect(y[0]).toEqual(Array.from({ length: 8 }, () => 182));
  expect(y[3]).toEqual([182, 182, 128, 128, 128, 128, 182, 182]);
});

test('lines, discs and letters cover the same pixels as in RGB pictures', () => {
  const [width, height] = [80, 40];
  const frame = greyFrame(width, height);
  const canvas = createYuvCanvas(frame, 'bt601');
  const rgb = { width, height, data: new Uint8Array(width * height * 3) };
  const white: Ink = { color: [255, 255, 255], alpha: 1 };
  fillRect(rgb, { x_min: 0, y_min: 0, x_max: width, y_max: height }, { color: [130, 130, 130], alpha: 1 });
  const line = [
    { x: -5, y: 3 },
    { x: 40, y: 30 },
    { x: 90, y: 12 },
  ];
  const typeface = createTypeface(1);
  canvas.strokePolyline(line, 5, white);
  canvas.fillDisc({ x: 60, y: 30 }, 6.5, white);
  canvas.write(typeface, 'RULA 7', 4, 26, white);
  strokePolyline(rgb, line, 5, white);
  strokePolyline(rgb, [{ x: 60, y: 30 }], 13, white);
  typeface.write(rgb, 'RULA 7', 4, 26, white);
  for (let at = 0; at < width * height; at++) {
    const expected = 16 + ((rgb.data[3 * at] ?? 0) * 219) / 255;
    expect(Math.abs((frame.data[at] ?? 0) - expected)).toBeLessThan(2);
  }
  // White on grey has no colour.
  expect([...frame.data.subarray(width * height)].every((value) => value === 128)).toBe(true);
});

test('a coloured line colours every block that it touches and no other', () => {
  const frame = greyFrame(16, 16);
  createYuvCanvas(frame, 'bt601').strokePolyline(
    [
      { x: 3, y: 8 },
      { x: 13, y: 8 },
    ],
    4,
    RED,
  );
  const { v } = planesOf(frame);
  expect(v[3]?.slice(1, 7).every((value) => value > 128)).toBe(true);
  expect(v[4]?.[4]).toBe(240);
  expect([v[1], v[6]]).toEqual([Array(8).fill(128), Array(8).fill(128)]);
});

test('what lies outside of the frame is cut off', () => {
  const frame = greyFrame(8, 8);
  const canvas = createYuvCanvas(frame, 'bt709');
  canvas.fillBox({ x_min: -9, y_min: -9, x_max: -2, y_max: 20 }, RED);
  canvas.strokeBox({ x_min: -5, y_min: -5, x_max: 40, y_max: 40 }, 3, RED);
  canvas.fillDisc({ x: 100, y: -30 }, 4, RED);
  canvas.write(createTypeface(1), 'far away', 20, 90, RED);
  canvas.strokePolyline([], 3, RED);
  expect(frame.data.every((value) => value === 128)).toBe(true);
});

test('bytes of another size are refused', () => {
  const data = new Uint8Array(100);
  expect(() => createYuvCanvas({ widthPx: 8, heightPx: 8, data }, 'bt709')).toThrow('no yuv420p frame');
});
