import type { BoundingBox, RgbImage } from '../media/raster.ts';
import type { PoseKeypoint } from './pose-estimator.ts';

/**
 * How somebody looks, to tell people apart where their boxes meet: the share of colours on the trunk and on the legs, in
 * 4 x 4 x 4 steps of red, green and blue each. Trunk first; both halves add up to 1.
 */
export type Look = readonly number[];

const STEPS = 4;
const BINS = STEPS ** 3;
/** Places looked at in each direction. */
const GRID = 16;
const SHOULDERS_AND_HIPS = [5, 6, 11, 12];
const SEEN = 0.3;

export function lookAt(image: RgbImage, box: BoundingBox, keypoints: readonly PoseKeypoint[]): Look {
  const trunk = trunkOf(keypoints) ?? partOf(box, 0.3, 0.7, 0.2, 0.5);
  return [...colours(image, trunk), ...colours(image, partOf(box, 0.3, 0.7, 0.55, 0.9))];
}

/** 0 for the same shares of colours, 1 for none in common (Hellinger's distance, trunk and legs taken together). */
export function lookDistance(a: Look, b: Look): number {
  let common = 0;
  for (let at = 0; at < a.length; at++) common += Math.sqrt((a[at] as number) * (b[at] ?? 0));
  return Math.sqrt(Math.max(0, 1 - common / 2));
}

/** @param share weight of the new one, 0 to 1. */
export function blendLooks(old: Look, fresh: Look, share: number): Look {
  return old.map((value, at) => round(value + share * ((fresh[at] ?? 0) - value)));
}

/** What lies between shoulders and hips, where they are seen; a person from the side is not as wide as an arm. */
function trunkOf(keypoints: readonly PoseKeypoint[]): BoundingBox | undefined {
  const points = SHOULDERS_AND_HIPS.flatMap((at) => {
    const point = keypoints[at];
    return point !== undefined && point[2] >= SEEN ? [point] : [];
  });
  if (points.length < SHOULDERS_AND_HIPS.length) return undefined;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const height = Math.max(...ys) - Math.min(...ys);
  const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
  const half = Math.max((Math.max(...xs) - Math.min(...xs)) / 2, height / 6) * 0.8;
  const [top, bottom] = [Math.min(...ys) + height * 0.1, Math.max(...ys) - height * 0.1];
  return { x_min: middle - half, x_max: middle + half, y_min: top, y_max: bottom };
}

function partOf(box: BoundingBox, left: number, right: number, top: number, bottom: number): BoundingBox {
  const [width, height] = [box.x_max - box.x_min, box.y_max - box.y_min];
  return {
    x_min: box.x_min + width * left,
    x_max: box.x_min + width * right,
    y_min: box.y_min + height * top,
    y_max: box.y_min + height * bottom,
  };
}

/** A colour between two steps counts for both, so that a shade more or less of light changes little. */
function colours({ width, height, data }: RgbImage, box: BoundingBox): number[] {
  const bins = new Float64Array(BINS);
  for (let row = 0; row < GRID; row++) {
    const y = clamp(box.y_min + ((row + 0.5) * (box.y_max - box.y_min)) / GRID, height);
    for (let column = 0; column < GRID; column++) {
      const x = clamp(box.x_min + ((column + 0.5) * (box.x_max - box.x_min)) / GRID, width);
      addColour(bins, data, (y * width + x) * 3);
    }
  }
  return Array.from(bins, (sum) => round(sum / GRID ** 2));
}

function addColour(bins: Float64Array, data: Uint8Array, at: number): void {
  const places = [0, 1, 2].map((channel) => ((data[at + channel] ?? 0) / 255) * (STEPS - 1));
  for (let corner = 0; corner < 8; corner++) {
    let bin = 0;
    let weight = 1;
    for (const [channel, place] of places.entries()) {
      const low = Math.min(Math.floor(place), STEPS - 2);
      const isUpper = (corner >> channel) & 1;
      bin = bin * STEPS + low + isUpper;
      weight *= isUpper === 1 ? place - low : 1 - (place - low);
    }
    bins[bin] = (bins[bin] as number) + weight;
  }
}

function clamp(place: number, size: number): number {
  return Math.min(Math.max(Math.floor(place), 0), size - 1);
}

/** The state of a tracker is kept as JSON. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
