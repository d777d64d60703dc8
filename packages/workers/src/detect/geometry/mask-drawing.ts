// Masks for tests: drawn from a rule, from thick curves, and moved, turned, mirrored or enlarged.
import type { Mask } from '../../media/raster.ts';

export type Point = readonly [x: number, y: number];

/** Mask of the pixels for which the rule holds. */
export function drawMask(width: number, height: number, isSet: (x: number, y: number) => boolean): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (isSet(x, y)) data[y * width + x] = 1;
  }
  return { width, height, data };
}

/** Straight bar with square ends in the middle of a square mask, turned counter-clockwise on screen. */
export function drawBar(size: number, length: number, thickness: number, degrees: number): Mask {
  const middle = (size - 1) / 2;
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  return drawMask(size, size, (x, y) => {
    const along = (x - middle) * cos - (y - middle) * sin;
    const across = (x - middle) * sin + (y - middle) * cos;
    return Math.abs(along) <= length / 2 && Math.abs(across) <= thickness / 2;
  });
}

/** All pixels whose middle is at most half the thickness from a line through the points. */
export function drawPolyline(
  width: number,
  height: number,
  points: readonly Point[],
  thickness: number,
): Mask {
  const mask = drawMask(width, height, () => false);
  const half = thickness / 2;
  points.forEach((to, i) => {
    const from = points[Math.max(0, i - 1)] ?? to;
    const [left, right] = [Math.min(from[0], to[0]) - half, Math.max(from[0], to[0]) + half];
    const [top, bottom] = [Math.min(from[1], to[1]) - half, Math.max(from[1], to[1]) + half];
    for (let y = Math.max(0, Math.ceil(top)); y <= Math.min(height - 1, bottom); y++) {
      for (let x = Math.max(0, Math.ceil(left)); x <= Math.min(width - 1, right); x++) {
        if (distanceToSegment(x, y, from, to) <= half) mask.data[y * width + x] = 1;
      }
    }
  });
  return mask;
}

function distanceToSegment(x: number, y: number, [ax, ay]: Point, [bx, by]: Point): number {
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const t =
    squared === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** The mask on a larger empty one, its top left corner at (x, y). */
export function shift(mask: Mask, x: number, y: number, width: number, height: number): Mask {
  return drawMask(width, height, (u, v) => valueAt(mask, u - x, v - y));
}

/** The mask turned by 90 degrees counter-clockwise on screen. */
export function turn(mask: Mask): Mask {
  return drawMask(mask.height, mask.width, (x, y) => valueAt(mask, mask.width - 1 - y, x));
}

/** The mask with left and right exchanged. */
export function mirror(mask: Mask): Mask {
  return drawMask(mask.width, mask.height, (x, y) => valueAt(mask, mask.width - 1 - x, y));
}

/** Every pixel as a square of `factor` by `factor` pixels. */
export function enlarge(mask: Mask, factor: number): Mask {
  return drawMask(mask.width * factor, mask.height * factor, (x, y) =>
    valueAt(mask, Math.floor(x / factor), Math.floor(y / factor)),
  );
}

/** Whether the pixel is set; outside the mask none is. */
export function valueAt(mask: Mask, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= mask.width || y >= mask.height) return false;
  return mask.data[y * mask.width + x] !== 0;
}

/** Every pixel set on its own with the given chance in percent; the same seed gives the same mask. */
export function drawNoise(width: number, height: number, percent: number, seed: number): Mask {
  let state = seed;
  return drawMask(width, height, () => {
    // Mulberry32: short, and good enough in its low bits.
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 < percent / 100;
  });
}
