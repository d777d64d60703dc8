// Draws straight into frames in yuv420p: converting each to RGB and back would cost more than decoding it. Luma is drawn by
// the pixel; a chroma sample belongs to four pixels and takes the mean of what they are covered.

import { type Coverage, coverageAround, coverSegment, type Point } from '../../media/coverage.ts';
import type { BoundingBox } from '../../media/raster.ts';
import type { Ink } from '../../media/rasterizer.ts';
import type { Typeface } from '../../media/typeface.ts';
import { toYuvInk, type YuvInk, type YuvMatrix } from './yuv-ink.ts';

/** A frame's pixels, which are changed: planes Y, U, V; both sides even. */
export interface YuvPixels {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/** All shapes are cut to the frame's edges; positions are in pixels. */
export interface YuvCanvas {
  /** Whole pixels of a half-open box. */
  fillBox(box: BoundingBox, ink: Ink): void;
  /** The frame of such a box, `thickness` pixels wide, drawn inwards from its edge. */
  strokeBox(box: BoundingBox, thickness: number, ink: Ink): void;
  /** A line through points, round at its ends and corners. */
  strokePolyline(points: readonly Point[], thickness: number, ink: Ink): void;
  fillDisc(center: Point, radius: number, ink: Ink): void;
  /** One line of text with the top of its capitals at `top`. */
  write(typeface: Typeface, text: string, left: number, top: number, ink: Ink): void;
}

/** @param matrix of the video's colours (`matrixOf`). */
export function createYuvCanvas(pixels: YuvPixels, matrix: YuvMatrix): YuvCanvas {
  const planes = splitPlanes(pixels);
  const fillBox = (box: BoundingBox, ink: Ink) => fill(planes, box, toYuvInk(ink, matrix));
  const blend = (coverage: Coverage, ink: Ink) => blendCoverage(planes, coverage, toYuvInk(ink, matrix));
  const strokePolyline = (points: readonly Point[], thickness: number, ink: Ink) => {
    if (points.length === 0) return;
    const radius = thickness / 2;
    const coverage = coverageAround(points, radius, planes.width, planes.height);
    points.forEach((point, index) => {
      coverSegment(coverage, points[Math.max(0, index - 1)] ?? point, point, radius);
    });
    blend(coverage, ink);
  };
  return {
    fillBox,
    strokeBox(box, thickness, ink) {
      const width = Math.min(thickness, Math.ceil((box.x_max - box.x_min) / 2));
      const height = Math.min(thickness, Math.ceil((box.y_max - box.y_min) / 2));
      const [y_min, y_max] = [box.y_min + height, Math.max(box.y_min + height, box.y_max - height)];
      fillBox({ ...box, y_max: y_min }, ink);
      fillBox({ ...box, y_min: y_max }, ink);
      fillBox({ ...box, y_min, y_max, x_max: box.x_min + width }, ink);
      fillBox({ ...box, y_min, y_max, x_min: Math.max(box.x_min + width, box.x_max - width) }, ink);
    },
    strokePolyline,
    fillDisc: (center, radius, ink) => strokePolyline([center], 2 * radius, ink),
    write(typeface, text, left, top, ink) {
      for (const glyph of typeface.place(text, left, top)) blend(glyph, ink);
    },
  };
}

interface Planes {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

function splitPlanes({ widthPx, heightPx, data }: YuvPixels): Planes {
  const luma = widthPx * heightPx;
  if (widthPx % 2 !== 0 || heightPx % 2 !== 0 || data.length !== luma * 1.5) {
    throw new RangeError(`${data.length} bytes are no yuv420p frame of ${widthPx} x ${heightPx}`);
  }
  const [y, u] = [data.subarray(0, luma), data.subarray(luma, luma * 1.25)];
  return { width: widthPx, height: heightPx, y, u, v: data.subarray(luma * 1.25) };
}

function fill(planes: Planes, box: BoundingBox, ink: YuvInk): void {
  const left = Math.max(0, Math.round(box.x_min));
  const right = Math.min(planes.width, Math.round(box.x_max));
  const top = Math.max(0, Math.round(box.y_min));
  const bottom = Math.min(planes.height, Math.round(box.y_max));
  if (left >= right) return;
  for (let row = top; row < bottom; row++) {
    blendRun(planes.y, row * planes.width + left, row * planes.width + right, ink.y, ink.weight);
  }
  const stride = planes.width / 2;
  for (let row = top >> 1; row < (bottom + 1) >> 1; row++) {
    // Of the two rows of pixels that share it, those inside of the box.
    const rows = Math.min(bottom, 2 * row + 2) - Math.max(top, 2 * row);
    const weight = (ink.weight * rows) / 2;
    const [from, to] = [(left + 1) >> 1, right >> 1];
    const start = row * stride;
    for (const [plane, value] of [[planes.u, ink.u] as const, [planes.v, ink.v] as const]) {
      if (from < to) blendRun(plane, start + from, start + to, value, weight);
      if (left % 2 === 1) blendRun(plane, start + from - 1, start + from, value, weight / 2);
      if (right % 2 === 1 && to >= from) blendRun(plane, start + to, start + to + 1, value, weight / 2);
    }
  }
}

/** @param weight 0 to 256. */
function blendRun(plane: Uint8Array, from: number, to: number, value: number, weight: number): void {
  if (weight >= 256) {
    plane.fill(value, from, to);
    return;
  }
  const rest = 256 - weight;
  const add = value * weight + 128;
  for (let at = from; at < to; at++) plane[at] = ((plane[at] as number) * rest + add) >> 8;
}

/** Blends ink where a coverage says so. */
function blendCoverage(planes: Planes, coverage: Coverage, ink: YuvInk): void {
  const top = Math.max(0, coverage.y);
  const bottom = Math.min(planes.height, coverage.y + coverage.height);
  const left = Math.max(0, coverage.x);
  const right = Math.min(planes.width, coverage.x + coverage.width);
  if (left >= right || top >= bottom) return;
  // 255 of coverage and 256 of weight are the whole: 65280.
  for (let row = top; row < bottom; row++) {
    const from = (row - coverage.y) * coverage.width - coverage.x;
    const to = row * planes.width;
    for (let column = left; column < right; column++) {
      const share = coverage.data[from + column] as number;
      if (share > 0) blendAt(planes.y, to + column, ink.y, share * ink.weight);
    }
  }
  const stride = planes.width / 2;
  for (let row = top >> 1; row <= (bottom - 1) >> 1; row++) {
    for (let column = left >> 1; column <= (right - 1) >> 1; column++) {
      const share = meanCoverage(coverage, 2 * column, 2 * row);
      if (share === 0) continue;
      const at = row * stride + column;
      blendAt(planes.u, at, ink.u, share * ink.weight);
      blendAt(planes.v, at, ink.v, share * ink.weight);
    }
  }
}

const WHOLE = 255 * 256;

function blendAt(plane: Uint8Array, at: number, value: number, share: number): void {
  plane[at] = ((plane[at] as number) * (WHOLE - share) + value * share + WHOLE / 2) / WHOLE;
}

/** Of the four pixels of a chroma sample whose first one is at (left, top). */
function meanCoverage({ x, y, width, height, data }: Coverage, left: number, top: number): number {
  const [column, row] = [left - x, top - y];
  const at = row * width + column;
  const hasLeft = column >= 0;
  const hasRight = column + 1 < width;
  let sum = 0;
  if (row >= 0) sum += (hasLeft ? (data[at] as number) : 0) + (hasRight ? (data[at + 1] as number) : 0);
  if (row + 1 < height) {
    const below = at + width;
    sum += (hasLeft ? (data[below] as number) : 0) + (hasRight ? (data[below + 1] as number) : 0);
  }
  return sum / 4;
}
