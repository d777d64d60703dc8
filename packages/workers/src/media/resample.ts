// Resizing of 8-bit RGB pictures, bit for bit as Pillow's `Image.resize` does it (two passes, horizontal
// first, rounded to 8 bits in between): models were trained on pictures resized that way, and sharp's
// kernels differ from it by up to 147 grey levels. Golden vectors: `tools/golden/make-resample-golden.py`.

import type { RgbImage } from './raster.ts';
import {
  type AxisCoefficients,
  axisCoefficients,
  type ResampleFilter,
  sliceAxis,
} from './resample-coefficients.ts';
import { plainPasses, type ResamplePasses } from './resample-plain.ts';
import { createSimdPasses } from './resample-simd.ts';

/** Part of the input to resample, in input pixels; may have fractions. */
export interface ResampleBox {
  readonly x_min: number;
  readonly y_min: number;
  readonly x_max: number;
  readonly y_max: number;
}

/**
 * The picture (or its part `box`) at `width` x `height`, antialiased when shrinking.
 * The same size gives the same picture object back, as nothing has to change.
 * Like Pillow's, a filter reads pixels just outside `box`: crop first where that is not wanted.
 */
export function resizeRgb(
  image: RgbImage,
  width: number,
  height: number,
  filter: ResampleFilter,
  box: ResampleBox = { x_min: 0, y_min: 0, x_max: image.width, y_max: image.height },
  passes: ResamplePasses = fastestPasses(),
): RgbImage {
  checkResize(image, width, height, box);
  const keepsColumns = width === image.width && box.x_min === 0 && box.x_max === image.width;
  const keepsRows = height === image.height && box.y_min === 0 && box.y_max === image.height;
  if (keepsColumns && keepsRows) return image;
  const vertical = axisCoefficients(filter, image.height, box.y_min, box.y_max, height);
  if (keepsColumns) return passes.rows(image, vertical, height, 0);
  const horizontal = axisCoefficients(filter, image.width, box.x_min, box.x_max, width);
  if (keepsRows) return passes.columns(image, horizontal, width, 0, image.height);
  if (isVerticalFirst(image, width, height)) {
    const flattened = passes.rows(image, vertical, height, 0);
    return passes.columns(flattened, horizontal, width, 0, height);
  }
  // Only the rows that the second pass reads go through the first.
  const [firstRow, endRow] = inputRows(vertical, height);
  const narrowed = passes.columns(image, horizontal, width, firstRow, endRow);
  return passes.rows(narrowed, vertical, height, firstRow);
}

/** Part of an output picture, in whole pixels. */
export interface PixelPart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What `resizeRgb` would give, cut to `part`, without computing the rest. */
export function resizeRgbPart(
  image: RgbImage,
  width: number,
  height: number,
  filter: ResampleFilter,
  part: PixelPart,
  passes: ResamplePasses = fastestPasses(),
): RgbImage {
  const isWhole = part.width === width && part.height === height;
  if (isWhole || width === image.width || height === image.height) {
    return cropRgb(resizeRgb(image, width, height, filter, undefined, passes), part);
  }
  const whole = { x_min: 0, y_min: 0, x_max: image.width, y_max: image.height };
  checkResize(image, width, height, whole);
  const { left, top } = part;
  const columns = sliceAxis(axisCoefficients(filter, image.width, 0, image.width, width), left, part.width);
  const rows = sliceAxis(axisCoefficients(filter, image.height, 0, image.height, height), top, part.height);
  if (isVerticalFirst(image, width, height)) {
    const flattened = passes.rows(image, rows, part.height, 0);
    return passes.columns(flattened, columns, part.width, 0, part.height);
  }
  const [firstRow, endRow] = inputRows(rows, part.height);
  return passes.rows(
    passes.columns(image, columns, part.width, firstRow, endRow),
    rows,
    part.height,
    firstRow,
  );
}

export function cropRgb(image: RgbImage, { left, top, width, height }: PixelPart): RgbImage {
  if (image.width === width && image.height === height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    const from = ((top + row) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}

/** The rows that `height` output rows read: from the first up to the second, exclusively. */
function inputRows({ starts, counts }: AxisCoefficients, height: number): [number, number] {
  const last = height - 1;
  return [starts[0] ?? 0, (starts[last] ?? 0) + (counts[last] ?? 0)];
}

/** Made at the first picture, and kept: 4 to 8 ms. */
const fastestPasses = (() => {
  let passes: ResamplePasses | undefined;
  return () => {
    passes ??= createSimdPasses() ?? plainPasses;
    return passes;
  };
})();

/**
 * Pillow 13 runs the vertical pass first where it drops far more rows than columns; earlier versions never
 * did. The rounding between the passes makes the order visible, by one grey level in photographs.
 */
function isVerticalFirst(image: RgbImage, width: number, height: number): boolean {
  return height < image.height && image.height - height > 2 * (image.width - width);
}

function checkResize(image: RgbImage, width: number, height: number, box: ResampleBox): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new RangeError(`cannot resize to ${width} x ${height}: sizes are whole numbers from 1`);
  }
  const isInside = box.x_min >= 0 && box.y_min >= 0 && box.x_max <= image.width && box.y_max <= image.height;
  if (!isInside || !(box.x_max > box.x_min) || !(box.y_max > box.y_min)) {
    throw new RangeError(
      `the box to resize must lie inside the ${image.width} x ${image.height} picture and not be empty`,
    );
  }
}

/**
 * Planes [3, height, width] of (value / 255 - mean) / std, in single precision step by step as torchvision's
 * `ToTensor` and `Normalize` compute them.
 * @param output where to put them, if not into an array of their own.
 */
export function normalizeToChw(
  image: RgbImage,
  mean: readonly number[],
  std: readonly number[],
  output: Float32Array = new Float32Array(3 * image.width * image.height),
): Float32Array {
  const plane = image.width * image.height;
  const [red, green, blue] = [0, 1, 2].map((c) => normalizedLevels(mean[c] ?? 0, std[c] ?? 1)) as Levels;
  const input = image.data;
  for (let i = 0, from = 0; i < plane; i++, from += 3) {
    output[i] = red[input[from] as number] as number;
    output[plane + i] = green[input[from + 1] as number] as number;
    output[2 * plane + i] = blue[input[from + 2] as number] as number;
  }
  return output;
}

type Levels = [Float32Array, Float32Array, Float32Array];

function normalizedLevels(mean: number, std: number): Float32Array {
  const level = (_: number, value: number) => {
    const centred = Math.fround(Math.fround(value / 255) - Math.fround(mean));
    return centred / Math.fround(std);
  };
  return Float32Array.from({ length: 256 }, level);
}
