import type { Mask } from '../media/raster.ts';

/**
 * A mask that covers only a part of its picture: `mask` lies with its corner at (`x`, `y`). Defects are small and
 * pictures large, so masks stay cut to their surroundings until somebody asks for the whole.
 */
export interface PlacedMask {
  readonly x: number;
  readonly y: number;
  readonly mask: Mask;
}

interface LogitPlane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Scales mask logits bilinearly (PyTorch's `interpolate`, `align_corners=False`, no antialiasing) and keeps what is
 * above 0. The same pixels as scaling the whole plane gives, computed only where a positive value can reach.
 * @returns undefined when nothing is above 0.
 */
export function upscaleLogits(logits: LogitPlane, target: Size): PlacedMask | undefined {
  const core = boundsWhere(logits, (value) => value > 0);
  if (core === undefined) {
    return undefined;
  }
  const columns = axisTaps(logits.width, target.width, core.x_min, core.x_max);
  const rows = axisTaps(logits.height, target.height, core.y_min, core.y_max);
  const width = columns.count;
  const height = rows.count;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const top = (rows.low[y] as number) * logits.width;
    const bottom = (rows.high[y] as number) * logits.width;
    const down = rows.weight[y] as number;
    for (let x = 0; x < width; x++) {
      const left = columns.low[x] as number;
      const right = columns.high[x] as number;
      const across = columns.weight[x] as number;
      const upper = mix(logits.data[top + left] as number, logits.data[top + right] as number, across);
      const lower = mix(logits.data[bottom + left] as number, logits.data[bottom + right] as number, across);
      data[y * width + x] = mix(upper, lower, down) > 0 ? 1 : 0;
    }
  }
  return { x: columns.start, y: rows.start, mask: { width, height, data } };
}

/**
 * Cuts a mask to its set pixels and the ring of pixels around them, as far as the picture goes: "touches the border of
 * the cut" then means "touches the border of the picture".
 * @returns undefined when no pixel is set.
 */
export function fitToPicture(placed: PlacedMask, picture: Size): PlacedMask | undefined {
  const core = boundsWhere(placed.mask, (value) => value !== 0);
  if (core === undefined) {
    return undefined;
  }
  const x = Math.max(0, placed.x + core.x_min - 1);
  const y = Math.max(0, placed.y + core.y_min - 1);
  const width = Math.min(picture.width, placed.x + core.x_max + 2) - x;
  const height = Math.min(picture.height, placed.y + core.y_max + 2) - y;
  const cut = { x, y, mask: { width, height, data: new Uint8Array(width * height) } };
  for (let row = core.y_min; row <= core.y_max; row++) {
    const from = row * placed.mask.width;
    const line = placed.mask.data.subarray(from + core.x_min, from + core.x_max + 1);
    cut.mask.data.set(line, (placed.y + row - y) * width + placed.x + core.x_min - x);
  }
  return cut;
}

/** The mask on a picture of its own, all else 0. */
export function placeOnPicture(placed: PlacedMask, { width, height }: Size): Mask {
  const data = new Uint8Array(width * height);
  const { mask } = placed;
  for (let row = 0; row < mask.height; row++) {
    const line = mask.data.subarray(row * mask.width, (row + 1) * mask.width);
    data.set(line, (placed.y + row) * width + placed.x);
  }
  return { width, height, data };
}

interface Plane extends Size {
  readonly data: Float32Array | Uint8Array;
}

/** First and last column and row with a wanted value, all inclusive. */
function boundsWhere({ data, width, height }: Plane, isWanted: (value: number) => boolean) {
  const bounds = { x_min: width, y_min: height, x_max: -1, y_max: -1 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (isWanted(data[y * width + x] as number)) {
        bounds.x_min = Math.min(bounds.x_min, x);
        bounds.x_max = Math.max(bounds.x_max, x);
        bounds.y_min = Math.min(bounds.y_min, y);
        bounds.y_max = y;
      }
    }
  }
  return bounds.x_max < 0 ? undefined : bounds;
}

/** Single precision, as PyTorch mixes two neighbours. */
function mix(a: number, b: number, share: number): number {
  return Math.fround((1 - share) * a + share * b);
}

/** Source cells and weight of each target cell that the source cells `first` to `last` can reach. */
function axisTaps(sourceSize: number, targetSize: number, first: number, last: number) {
  const scale = Math.fround(sourceSize / targetSize);
  const start = Math.max(0, Math.floor((first - 0.5) / scale - 0.5) - 1);
  const end = Math.min(targetSize, Math.ceil((last + 1.5) / scale - 0.5) + 2);
  const count = end - start;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const position = Math.max(0, Math.fround(Math.fround(scale * (start + i + 0.5)) - 0.5));
    const cell = Math.min(Math.floor(position), sourceSize - 1);
    low[i] = cell;
    high[i] = Math.min(cell + 1, sourceSize - 1);
    weight[i] = Math.min(position - cell, 1);
  }
  return { start, count, low, high, weight };
}
