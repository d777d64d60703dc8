import type { BoundingBox } from '../media/raster.ts';
import { boxArea, intersectionArea, intersectionOverUnion, shiftBox } from './box.ts';
import type { Detection } from './rf-detr.ts';

/**
 * Large pictures are looked at twice: whole, for what is large, and in overlapping tiles, for what would vanish when the
 * whole is squeezed to the detector's square. This file cuts the views and merges what was found in them.
 */
export interface TilingOptions {
  /** Side of a tile, pixels; 0 turns tiling off. */
  readonly tileSize: number;
  /** Least part of a tile that its neighbour covers too, 0 to 0.5. */
  readonly overlap: number;
}

/** A detection in coordinates of the whole picture, with the view in which it was found. */
export interface ViewDetection extends Detection {
  readonly view: BoundingBox;
}

/** A picture is cut when its longer side is more than this many tiles long; below, the whole shows enough. */
const CUT_ABOVE_TILES = 1.5;

/** Overlap at which two boxes of one class are the same defect. */
const SAME_IOU = 0.5;

/** Part of a box cut off by its tile that must lie in another box for it to be a piece of that one. */
const PIECE_COVERAGE = 0.7;

/** The whole picture, then its tiles row by row; the whole alone when it is small or tiling is off. */
export function cutViews(width: number, height: number, { tileSize, overlap }: TilingOptions): BoundingBox[] {
  const whole = { x_min: 0, y_min: 0, x_max: width, y_max: height };
  if (tileSize <= 0 || Math.max(width, height) <= CUT_ABOVE_TILES * tileSize) {
    return [whole];
  }
  const columns = cutAxis(width, tileSize, overlap);
  const rows = cutAxis(height, tileSize, overlap);
  const tiles = rows.flatMap(([y_min, y_max]) =>
    columns.map(([x_min, x_max]) => ({ x_min, y_min, x_max, y_max })),
  );
  return [whole, ...tiles];
}

/** Evenly spread spans of `size`, the first at 0 and the last at the end, each overlapping the next by at least its part. */
function cutAxis(length: number, size: number, overlap: number): [number, number][] {
  if (length <= size) {
    return [[0, length]];
  }
  const step = size * (1 - overlap);
  const count = Math.ceil((length - size) / step) + 1;
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * (length - size)) / (count - 1));
    return [start, start + size];
  });
}

/** Moves what was found in a view to the coordinates of the whole picture. */
export function fromView(detections: readonly Detection[], view: BoundingBox): ViewDetection[] {
  return detections.map((detection) => ({
    ...detection,
    box: shiftBox(detection.box, view.x_min, view.y_min),
    view,
  }));
}

/**
 * One detection per defect, best first: within a class a box goes when a better one overlaps it by half (IoU), or when
 * it was cut off by the edge of its tile and lies mostly in another box that was not.
 */
export function mergeDetections(
  detections: readonly ViewDetection[],
  width: number,
  height: number,
): ViewDetection[] {
  const ordered = [...detections].sort((a, b) => b.score - a.score);
  const isCut = new Map(ordered.map((detection) => [detection, isCutOff(detection, width, height)]));
  const whole = ordered.filter((detection) => !isCut.get(detection));
  const kept: ViewDetection[] = [];
  for (const detection of ordered) {
    const isKnown = kept.some((better) => isSameDefect(better, detection));
    const isPiece = isCut.get(detection) === true && whole.some((other) => isPieceOf(detection, other));
    if (!isKnown && !isPiece) {
      kept.push(detection);
    }
  }
  return kept;
}

function isSameDefect(a: ViewDetection, b: ViewDetection): boolean {
  return a.label === b.label && intersectionOverUnion(a.box, b.box) >= SAME_IOU;
}

function isPieceOf(piece: ViewDetection, other: ViewDetection): boolean {
  return (
    piece.label === other.label &&
    intersectionArea(piece.box, other.box) >= PIECE_COVERAGE * boxArea(piece.box)
  );
}

/** Touches an edge of its view that is not an edge of the picture, so its defect may go on beyond. */
function isCutOff({ box, view }: ViewDetection, width: number, height: number): boolean {
  return (
    (view.x_min > 0 && box.x_min - view.x_min < 1) ||
    (view.y_min > 0 && box.y_min - view.y_min < 1) ||
    (view.x_max < width && view.x_max - box.x_max < 1) ||
    (view.y_max < height && view.y_max - box.y_max < 1)
  );
}
