// The resampler's two passes in plain TypeScript: what the SIMD passes are held against, and what runs where a processor
// has no SIMD.

import type { RgbImage } from './raster.ts';
import { type AxisCoefficients, PRECISION_BITS } from './resample-coefficients.ts';

/** One axis at a time; both round to 8 bits as Pillow does. */
export interface ResamplePasses {
  /** Horizontal pass over the rows [`firstRow`, `endRow`). */
  columns(image: RgbImage, axis: AxisCoefficients, width: number, firstRow: number, endRow: number): RgbImage;
  /** Vertical pass; `image` starts at row `firstRow` of the picture that `axis` was made for. */
  rows(image: RgbImage, axis: AxisCoefficients, height: number, firstRow: number): RgbImage;
}

export const plainPasses: ResamplePasses = { columns: resampleColumns, rows: resampleRows };

const HALF = 1 << (PRECISION_BITS - 1);

function resampleColumns(
  image: RgbImage,
  axis: AxisCoefficients,
  width: number,
  firstRow: number,
  endRow: number,
): RgbImage {
  const stride = image.width * 3;
  const input = image.data.subarray(firstRow * stride, endRow * stride);
  const output = new Uint8ClampedArray(width * (endRow - firstRow) * 3);
  if (axis.mostTaps <= 3 && image.width >= 3) blendThreeColumns(input, stride, axis, output);
  else blendColumns(input, stride, axis, output);
  return { width, height: endRow - firstRow, data: new Uint8Array(output.buffer) };
}

function blendColumns(
  input: Uint8Array,
  stride: number,
  axis: AxisCoefficients,
  output: Uint8ClampedArray,
): void {
  const { starts, counts, weights, taps } = axis;
  let at = 0;
  for (let rowStart = 0; rowStart < input.length; rowStart += stride) {
    for (let column = 0; column < starts.length; column++) {
      let from = rowStart + (starts[column] as number) * 3;
      let tap = column * taps;
      const end = tap + (counts[column] as number);
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (; tap < end; tap++, from += 3) {
        const weight = weights[tap] as number;
        red = (red + Math.imul(input[from] as number, weight)) | 0;
        green = (green + Math.imul(input[from + 1] as number, weight)) | 0;
        blue = (blue + Math.imul(input[from + 2] as number, weight)) | 0;
      }
      output[at] = red >> PRECISION_BITS;
      output[at + 1] = green >> PRECISION_BITS;
      output[at + 2] = blue >> PRECISION_BITS;
      at += 3;
    }
  }
}

/** `blendColumns` with the loop over the taps unrolled, in little more than half its time. */
function blendThreeColumns(
  input: Uint8Array,
  stride: number,
  axis: AxisCoefficients,
  output: Uint8ClampedArray,
): void {
  const { offsets, weights } = padToThreeTaps(axis, stride / 3);
  let at = 0;
  for (let rowStart = 0; rowStart < input.length; rowStart += stride) {
    for (let column = 0; column < offsets.length; column++) {
      const a = weights[column * 3] as number;
      const b = weights[column * 3 + 1] as number;
      const c = weights[column * 3 + 2] as number;
      const from = rowStart + (offsets[column] as number);
      output[at] =
        (HALF +
          Math.imul(input[from] as number, a) +
          Math.imul(input[from + 3] as number, b) +
          Math.imul(input[from + 6] as number, c)) >>
        PRECISION_BITS;
      output[at + 1] =
        (HALF +
          Math.imul(input[from + 1] as number, a) +
          Math.imul(input[from + 4] as number, b) +
          Math.imul(input[from + 7] as number, c)) >>
        PRECISION_BITS;
      output[at + 2] =
        (HALF +
          Math.imul(input[from + 2] as number, a) +
          Math.imul(input[from + 5] as number, b) +
          Math.imul(input[from + 8] as number, c)) >>
        PRECISION_BITS;
      at += 3;
    }
  }
}

/** Exactly three taps for every column: zero weights fill up, and a start at the right edge moves left. */
function padToThreeTaps(
  axis: AxisCoefficients,
  inputSize: number,
): { offsets: Int32Array; weights: Int32Array } {
  const offsets = new Int32Array(axis.starts.length);
  const weights = new Int32Array(axis.starts.length * 3);
  axis.starts.forEach((start, column) => {
    const moved = Math.min(start, inputSize - 3);
    offsets[column] = moved * 3;
    for (let tap = 0; tap < (axis.counts[column] ?? 0); tap++) {
      weights[column * 3 + start - moved + tap] = axis.weights[column * axis.taps + tap] ?? 0;
    }
  });
  return { offsets, weights };
}

function resampleRows(image: RgbImage, axis: AxisCoefficients, height: number, firstRow: number): RgbImage {
  const { starts, counts, weights, taps } = axis;
  const stride = image.width * 3;
  const output = new Uint8ClampedArray(stride * height);
  const sums = new Int32Array(stride);
  for (let row = 0; row < height; row++) {
    const count = counts[row] as number;
    const rowWeights = weights.subarray(row * taps, row * taps + count);
    const top = ((starts[row] as number) - firstRow) * stride;
    const input = image.data.subarray(top, top + count * stride);
    const target = output.subarray(row * stride, (row + 1) * stride);
    if (count <= 2) {
      blendTwoRows(input, rowWeights, target);
      continue;
    }
    sums.fill(HALF);
    for (let tap = 0; tap < count; tap += 4) addFourRows(input, rowWeights, tap, sums);
    for (let i = 0; i < stride; i++) target[i] = (sums[i] as number) >> PRECISION_BITS;
  }
  return { width: image.width, height, data: new Uint8Array(output.buffer) };
}

function blendTwoRows(input: Uint8Array, weights: Int32Array, target: Uint8ClampedArray): void {
  const stride = target.length;
  const second = input.length > stride ? stride : 0;
  const a = weights[0] as number;
  const b = weights[1] ?? 0;
  for (let i = 0; i < stride; i++) {
    const sum = HALF + Math.imul(input[i] as number, a) + Math.imul(input[second + i] as number, b);
    target[i] = sum >> PRECISION_BITS;
  }
}

/** Adds up to four weighted rows from row `tap` on: one load and store of the sums instead of four. */
function addFourRows(input: Uint8Array, weights: Int32Array, tap: number, sums: Int32Array): void {
  const stride = sums.length;
  // Past the last row the weight is 0 and the offset stays inside.
  const offsetOf = (index: number) => Math.min(index, weights.length - 1) * stride;
  const [p, q, r, s] = [offsetOf(tap), offsetOf(tap + 1), offsetOf(tap + 2), offsetOf(tap + 3)];
  const a = weights[tap] as number;
  const b = weights[tap + 1] ?? 0;
  const c = weights[tap + 2] ?? 0;
  const d = weights[tap + 3] ?? 0;
  for (let i = 0; i < stride; i++) {
    sums[i] =
      (sums[i] as number) +
      Math.imul(input[p + i] as number, a) +
      Math.imul(input[q + i] as number, b) +
      Math.imul(input[r + i] as number, c) +
      Math.imul(input[s + i] as number, d);
  }
}
