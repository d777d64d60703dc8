// Drawing primitives on RGB pictures: rectangles, lines, masks, contours. They change the picture they are given and cut
// everything to its edges. No fonts, no layout, no knowledge of defects.

import { type Coverage, coverageAround, coverSegment, createCoverage, type Point } from './coverage.ts';
import type { BoundingBox, Mask, RgbImage } from './raster.ts';

/** Red, green, blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** `alpha` 0 to 1. */
export interface Ink {
  readonly color: Color;
  readonly alpha: number;
}

/** A mask with its corner at (`x`, `y`) of the picture. */
export interface MaskOnPicture {
  readonly mask: Mask;
  readonly x: number;
  readonly y: number;
}

/** Fills whole pixels of a half-open box. */
export function fillRect(image: RgbImage, box: BoundingBox, ink: Ink): void {
  const left = Math.max(0, Math.round(box.x_min));
  const right = Math.min(image.width, Math.round(box.x_max));
  const top = Math.max(0, Math.round(box.y_min));
  const bottom = Math.min(image.height, Math.round(box.y_max));
  for (let y = top; y < bottom; y++) blendSpan(image, y, left, right, ink);
}

function blendSpan(image: RgbImage, y: number, left: number, right: number, { color, alpha }: Ink): void {
  const weight = Math.round(alpha * 256);
  const rest = 256 - weight;
  const [red, green, blue] = [color[0] * weight + 128, color[1] * weight + 128, color[2] * weight + 128];
  const { data } = image;
  const end = (y * image.width + right) * 3;
  for (let at = (y * image.width + left) * 3; at < end; at += 3) {
    data[at] = ((data[at] as number) * rest + red) >> 8;
    data[at + 1] = ((data[at + 1] as number) * rest + green) >> 8;
    data[at + 2] = ((data[at + 2] as number) * rest + blue) >> 8;
  }
}

/** The frame of a half-open box, `thickness` pixels wide, drawn inwards from its edge. */
export function strokeRect(image: RgbImage, box: BoundingBox, thickness: number, ink: Ink): void {
  const width = Math.min(thickness, Math.ceil((box.x_max - box.x_min) / 2));
  const height = Math.min(thickness, Math.ceil((box.y_max - box.y_min) / 2));
  const [top, bottom] = [box.y_min + height, box.y_max - height];
  fillRect(image, { ...box, y_max: top }, ink);
  fillRect(image, { ...box, y_min: Math.max(top, bottom) }, ink);
  fillRect(image, { ...box, y_min: top, y_max: bottom, x_max: box.x_min + width }, ink);
  fillRect(
    image,
    { ...box, y_min: top, y_max: bottom, x_min: Math.max(box.x_min + width, box.x_max - width) },
    ink,
  );
}

/** A filled box with corners rounded to a quarter circle of `radius`. */
export function fillRoundedRect(image: RgbImage, box: BoundingBox, radius: number, ink: Ink): void {
  const width = box.x_max - box.x_min;
  const height = box.y_max - box.y_min;
  const round = Math.min(radius, width / 2, height / 2);
  const coverage = createCoverage(box.x_min, box.y_min, width, height);
  for (let row = 0; row < height; row++) {
    const dy = Math.max(round - (row + 0.5), row + 0.5 - (height - round), 0);
    for (let column = 0; column < width; column++) {
      const dx = Math.max(round - (column + 0.5), column + 0.5 - (width - round), 0);
      const inside = dx === 0 || dy === 0 ? 1 : round - Math.hypot(dx, dy) + 0.5;
      coverage.data[row * width + column] = Math.round(255 * Math.min(1, Math.max(0, inside)));
    }
  }
  blendCoverage(image, coverage, ink);
}

/** A line through points, round at its ends and corners. */
export function strokePolyline(image: RgbImage, points: readonly Point[], thickness: number, ink: Ink): void {
  const radius = thickness / 2;
  if (points.length === 0) return;
  const coverage = coverageAround(points, radius, image.width, image.height);
  points.forEach((point, index) => {
    coverSegment(coverage, points[Math.max(0, index - 1)] ?? point, point, radius);
  });
  blendCoverage(image, coverage, ink);
}

/** Blends ink where a coverage says so; parts outside the picture are left out. */
export function blendCoverage(image: RgbImage, coverage: Coverage, { color, alpha }: Ink): void {
  const firstRow = Math.max(0, -coverage.y);
  const endRow = Math.min(coverage.height, image.height - coverage.y);
  const firstColumn = Math.max(0, -coverage.x);
  const endColumn = Math.min(coverage.width, image.width - coverage.x);
  const { data } = image;
  for (let row = firstRow; row < endRow; row++) {
    const from = row * coverage.width;
    for (let column = firstColumn; column < endColumn; column++) {
      const covered = coverage.data[from + column] as number;
      if (covered === 0) continue;
      const weight = (covered * alpha) / 255;
      const at = ((coverage.y + row) * image.width + coverage.x + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const old = data[at + channel] as number;
        data[at + channel] = old + ((color[channel] as number) - old) * weight + 0.5;
      }
    }
  }
}

/** Tints the set pixels of a mask. */
export function blendMask(image: RgbImage, { mask, x, y }: MaskOnPicture, ink: Ink): void {
  const bottom = Math.min(mask.height, image.height - y);
  const right = Math.min(mask.width, image.width - x);
  for (let row = Math.max(0, -y); row < bottom; row++) {
    const line = mask.data.subarray(row * mask.width, row * mask.width + right);
    let start = line.indexOf(1, Math.max(0, -x));
    while (start >= 0) {
      const stop = line.indexOf(0, start);
      const end = stop < 0 ? right : stop;
      blendSpan(image, y + row, x + start, x + end, ink);
      start = stop < 0 ? -1 : line.indexOf(1, end);
    }
  }
}

/** A contour of this thickness just outside the set pixels, so that a thin mask stays visible inside it. */
export function strokeMask(
  image: RgbImage,
  { mask, x, y }: MaskOnPicture,
  thickness: number,
  ink: Ink,
): void {
  const bounds = boundsOf(mask);
  if (!bounds) return;
  const margin = thickness + 1;
  const [left, top] = [bounds.x_min - margin, bounds.y_min - margin];
  const width = bounds.x_max + margin - left;
  const coverage = createCoverage(x + left, y + top, width, bounds.y_max + margin - top);
  const stamp = discStamp(thickness, width);
  for (let row = bounds.y_min; row < bounds.y_max; row++) {
    for (let column = bounds.x_min; column < bounds.x_max; column++) {
      if (!isOnEdge(mask, column, row)) continue;
      const centre = (row - top) * width + column - left;
      for (const { offset, value } of stamp) {
        if (value > (coverage.data[centre + offset] as number)) coverage.data[centre + offset] = value;
      }
    }
  }
  for (let row = bounds.y_min; row < bounds.y_max; row++) {
    for (let column = bounds.x_min; column < bounds.x_max; column++) {
      const isSet = mask.data[row * mask.width + column] !== 0;
      if (isSet) coverage.data[(row - top) * width + column - left] = 0;
    }
  }
  blendCoverage(image, coverage, ink);
}

/** The half-open box around the set pixels; masks of defects fill little of their picture. */
function boundsOf({ data, width }: Mask): BoundingBox | undefined {
  const first = data.indexOf(1);
  if (first < 0) return undefined;
  const y_min = Math.floor(first / width);
  const y_max = Math.floor(data.lastIndexOf(1) / width) + 1;
  let [x_min, x_max] = [width, 0];
  for (let row = y_min; row < y_max; row++) {
    const line = data.subarray(row * width, (row + 1) * width);
    const start = line.indexOf(1);
    if (start < 0) continue;
    x_min = Math.min(x_min, start);
    x_max = Math.max(x_max, line.lastIndexOf(1) + 1);
  }
  return { x_min, y_min, x_max, y_max };
}

/** Set, with an unset neighbour or the mask's end beside it. */
function isOnEdge({ data, width, height }: Mask, column: number, row: number): boolean {
  const at = row * width + column;
  if (data[at] === 0) return false;
  if (column === 0 || row === 0 || column === width - 1 || row === height - 1) return true;
  return data[at - 1] === 0 || data[at + 1] === 0 || data[at - width] === 0 || data[at + width] === 0;
}

/** Coverage around one set pixel, as offsets in rows of `stride`. */
function discStamp(thickness: number, stride: number): { offset: number; value: number }[] {
  const stamp: { offset: number; value: number }[] = [];
  const reach = thickness + 1;
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const share = Math.min(1, thickness + 1 - Math.hypot(dx, dy));
      if (share > 0) stamp.push({ offset: dy * stride + dx, value: Math.round(255 * share) });
    }
  }
  return stamp;
}
