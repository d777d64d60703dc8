import type { BoundingBox, RgbImage } from '../media/raster.ts';

/**
 * The part of a picture around a person that an estimator looks at, and how it becomes the estimator's picture. Both
 * contracts widen a box to the estimator's proportions and leave a quarter more around it; they differ in where pixels lie
 * (ViTPose: UDP, the corners are the middles of the corner pixels; RTMPose: corners are corners) and in what is outside.
 */
export interface CropArea {
  readonly centreX: number;
  readonly centreY: number;
  /** Pixels of the picture. */
  readonly width: number;
  readonly height: number;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** How pictures are counted: `udp` as in ViTPose's, `corners` as in RTMPose's. */
export type CropKind = 'udp' | 'corners';

const PADDING = 1.25;
/** ViTPose's code counts sizes in units of 200 pixels and in single precision, which shifts places by up to 1e-5 pixels. */
const UNIT = 200;

/** The area of the estimator's proportions around a box, padded. */
export function personCrop(box: BoundingBox, { width: w, height: h }: PictureSize): CropArea {
  let width = box.x_max - box.x_min;
  let height = box.y_max - box.y_min;
  const aspect = w / h;
  if (width > aspect * height) height = width / aspect;
  else width = height * aspect;
  const padded = (size: number) => Math.fround(Math.fround(Math.fround(size / UNIT) * PADDING) * UNIT);
  return {
    centreX: Math.fround(box.x_min + (box.x_max - box.x_min) / 2),
    centreY: Math.fround(box.y_min + (box.y_max - box.y_min) / 2),
    width: padded(width),
    height: padded(height),
  };
}

/** Where the first pixel of the estimator's picture lies in the picture, and how far its neighbours are. */
interface Grid {
  readonly first: number;
  readonly step: number;
}

/** @param size pixels of the estimator's picture along this axis. */
function gridOf(centre: number, extent: number, size: number, kind: CropKind): Grid {
  if (kind === 'corners') return { first: centre - extent / 2, step: extent / size };
  // The matrix that transformers builds, in the precision in which it keeps it.
  const scale = (size - 1) / extent;
  const shift = Math.fround(-0.5 * Math.fround(centre * 2) + 0.5 * extent);
  const kept = Math.fround(scale);
  return { first: -Math.fround(scale * shift) / kept, step: 1 / kept };
}

/**
 * The area as a picture of the estimator's size: each value is mixed of the four pixels around its place, without
 * antialiasing, and rounded to 8 bits. `udp` gives what transformers' VitPoseImageProcessor gives, bit for bit (double
 * precision; a place outside the picture's outermost pixel middles is black); `corners` mixes with black around the
 * picture, as OpenCV's warpAffine does, within a level.
 */
export function warpCrop(
  image: RgbImage,
  area: CropArea,
  { width, height }: PictureSize,
  kind: CropKind,
): RgbImage {
  const columns = tapsOf(gridOf(area.centreX, area.width, width, kind), width, image.width, kind);
  const rows = tapsOf(gridOf(area.centreY, area.height, height, kind), height, image.height, kind);
  const output = new Uint8Array(width * height * 3);
  const { data } = image;
  const stride = image.width * 3;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const upper = (rows.low[y] as number) * stride;
    const lower = (rows.high[y] as number) * stride;
    const up = rows.lowShare[y] as number;
    const down = rows.highShare[y] as number;
    if (up === 0 && down === 0) {
      to += width * 3;
      continue;
    }
    for (let x = 0; x < width; x++) {
      const left = (columns.low[x] as number) * 3;
      const right = (columns.high[x] as number) * 3;
      const before = columns.lowShare[x] as number;
      const after = columns.highShare[x] as number;
      for (let channel = 0; channel < 3; channel++, to++) {
        // In this order and without factoring out, so that sums round as scipy's do.
        const value =
          (data[upper + left + channel] as number) * up * before +
          (data[upper + right + channel] as number) * up * after +
          (data[lower + left + channel] as number) * down * before +
          (data[lower + right + channel] as number) * down * after;
        output[to] = value + 0.5;
      }
    }
  }
  return { width, height, data: output };
}

interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowShare: Float64Array;
  readonly highShare: Float64Array;
}

function tapsOf({ first, step }: Grid, size: number, limit: number, kind: CropKind): Taps {
  const taps = {
    low: new Int32Array(size),
    high: new Int32Array(size),
    lowShare: new Float64Array(size),
    highShare: new Float64Array(size),
  };
  const last = limit - 1;
  for (let at = 0; at < size; at++) {
    const place = first + at * step;
    if (kind === 'udp' ? place < 0 || place > last : place <= -1 || place >= limit) continue;
    const low = Math.floor(place);
    const share = place - low;
    taps.low[at] = Math.max(low, 0);
    taps.high[at] = Math.min(low + 1, last);
    taps.lowShare[at] = low < 0 ? 0 : 1 - share;
    taps.highShare[at] = low + 1 > last ? 0 : share;
  }
  return taps;
}

/** A place in the estimator's answer, in cells from the middle of the first one, as a place in the picture. */
export function fromCrop(
  area: CropArea,
  x: number,
  y: number,
  cells: PictureSize,
  kind: CropKind,
): [x: number, y: number] {
  const less = kind === 'udp' ? 1 : 0;
  return [
    area.centreX - area.width / 2 + (x * area.width) / (cells.width - less),
    area.centreY - area.height / 2 + (y * area.height) / (cells.height - less),
  ];
}
