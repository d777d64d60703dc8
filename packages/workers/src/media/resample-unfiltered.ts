import type { BoundingBox, RgbImage } from './raster.ts';
import { bilinearTaps } from './resample-float.ts';

/**
 * Pictures scaled to a square without antialiasing, as torchvision's `resize(antialias=False)` does it with floats: each
 * value is mixed of the four pixels around its place, however many lie between two places.
 */
export interface SampleSettings {
  /** Side of the square, pixels. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Planes [3, size, size] of (value / 255 - mean) / std; equal to torch within the rounding of single precision.
 * @param region whole pixels inside the picture; nothing outside is looked at.
 */
export function sampleToChw(
  image: RgbImage,
  region: BoundingBox,
  { size, mean, std }: SampleSettings,
): Float32Array {
  const columns = bilinearTaps(region.x_max - region.x_min, size);
  const rows = bilinearTaps(region.y_max - region.y_min, size);
  const plane = size * size;
  const output = new Float32Array(plane * 3);
  const { data, width } = image;
  for (let y = 0; y < size; y++) {
    const upper = (region.y_min + (rows.low[y] as number)) * width + region.x_min;
    const lower = (region.y_min + (rows.high[y] as number)) * width + region.x_min;
    const down = rows.weight[y] as number;
    for (let x = 0; x < size; x++) {
      const left = columns.low[x] as number;
      const right = columns.high[x] as number;
      const across = columns.weight[x] as number;
      for (let channel = 0; channel < 3; channel++) {
        const top = mix(data, (upper + left) * 3 + channel, (upper + right) * 3 + channel, across);
        const bottom = mix(data, (lower + left) * 3 + channel, (lower + right) * 3 + channel, across);
        const value = ((1 - down) * top + down * bottom) / 255;
        output[channel * plane + y * size + x] = (value - (mean[channel] ?? 0)) / (std[channel] ?? 1);
      }
    }
  }
  return output;
}

function mix(data: Uint8Array, a: number, b: number, share: number): number {
  return (1 - share) * (data[a] as number) + share * (data[b] as number);
}
