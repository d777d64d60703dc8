// Geometry of a defect mask: what its numbers mean and how they are put together. How each is measured is in
// the files beside this one; definitions, methods and tolerances in README.md.
import type { BoundingBox, Mask } from '../../media/raster.ts';
import { boxAround, type Component, findComponents } from './components.ts';
import { createGrid, type Grid } from './grid.ts';
import { convexHull, feretDiameter, hullArea } from './hull.ts';
import { measurePiece } from './measure-piece.ts';
import { measureMoments } from './moments.ts';

/** Measures of one instance, as they go over the wire. Lengths in pixels, axes as in the picture (y down). */
export interface Geometry {
  /** Set pixels; holes don't count. */
  readonly area_pixels: number;
  /** Line-like: along the longest skeleton path. Otherwise: greatest Feret diameter over the pixels' corners. */
  readonly length_pixels: number;
  /** Mean width: area / length. */
  readonly width_pixels: number;
  /** Diameter of the largest disk inside. */
  readonly max_width_pixels: number;
  /** Axis of greatest second moment, counter-clockwise on screen, (-90, 90]; null where there is none. */
  readonly orientation_degrees: number | null;
  /** Outlines, those of holes included. */
  readonly perimeter_pixels: number;
  /** Length / width. */
  readonly aspect_ratio: number;
  /** Area / area of the convex hull, (0, 1]. */
  readonly solidity: number;
  /** [x, y], whole numbers are pixel centres. */
  readonly centroid: readonly [number, number];
  /** Sum over all branches of the skeleton; more than the length where a crack forks. */
  readonly skeleton_length_pixels: number;
  /** Parts of the skeleton between ends and junctions: 1 for a plain crack, 3 for a T, 0 for a round blob. */
  readonly branches: number;
  /** The skeleton is one ring without ends; the length then goes once around. */
  readonly closed_loop: boolean;
  /** A pixel lies at the edge of the mask: length and area are lower bounds. */
  readonly touches_border: boolean;
  /** Which of its two definitions the length has. */
  readonly line_like: boolean;
  /** Connected pieces the instance consists of; lengths of a line-like one are added up. */
  readonly pieces: number;
  readonly length_mm?: number;
  readonly width_mm?: number;
  readonly max_width_mm?: number;
  readonly area_mm2?: number;
  /** A width is known to about one pixel whatever the method: widths in mm are plus or minus this. */
  readonly width_uncertainty_mm?: number;
}

export interface MeasureOptions {
  /** true or false where the class says so (a crack, a stain); undefined lets the shape decide. */
  readonly lineLike?: boolean | undefined;
  /** Scale of the picture; adds the fields in mm. Greater than 0. */
  readonly mmPerPixel?: number | undefined;
}

export interface InstanceOptions extends MeasureOptions {
  /** Instances with fewer pixels are left out. Default 1: the mask is the caller's, nothing is noise. */
  readonly minAreaPixels?: number | undefined;
}

export interface Instance {
  readonly bbox: BoundingBox;
  readonly geometry: Geometry;
}

/** A shape is line-like from this ratio of its longest path to its mean width. */
const LINE_LIKE_RATIO = 3;

/**
 * Geometry of a whole mask as one instance, in one piece or several; null when no pixel is set.
 * Throws a RangeError for a scale that isn't a number above 0.
 */
export function measureMask(mask: Mask, options: MeasureOptions = {}): Geometry | null {
  checkScale(options);
  const components = findComponents(mask);
  if (components.length === 0) return null;
  return measureComponents(components, mask, createGrid(components), options);
}

/**
 * Box and geometry of every 8-connected instance of a mask, greatest area first, equal ones in scan order.
 * Throws a RangeError for a scale that isn't a number above 0.
 */
export function measureInstances(mask: Mask, options: InstanceOptions = {}): Instance[] {
  checkScale(options);
  const least = options.minAreaPixels ?? 1;
  const components = findComponents(mask).filter(({ area }) => area >= least);
  components.sort((a, b) => b.area - a.area);
  const grid = createGrid(components);
  return components.map((component) => ({
    bbox: component.box,
    geometry: measureComponents([component], mask, grid, options),
  }));
}

/** Geometry of one component of a mask of the given size. */
export function measureComponent(
  component: Component,
  mask: Pick<Mask, 'width' | 'height'>,
  options: MeasureOptions = {},
): Geometry {
  checkScale(options);
  return measureComponents([component], mask, createGrid([component]), options);
}

function measureComponents(
  components: readonly Component[],
  mask: Pick<Mask, 'width' | 'height'>,
  grid: Grid,
  options: MeasureOptions,
): Geometry {
  const box = boxAround(components);
  const hull = convexHull(components);
  const moments = measureMoments(components);
  const totals = addPieces(components, grid);
  const feret = totals.area === 1 ? 1 : feretDiameter(hull);
  const lineLike = decideLineLike(totals, options.lineLike);
  const length = lineLike ? totals.pathLength : feret;
  const width = totals.area / length;
  return {
    area_pixels: totals.area,
    length_pixels: length,
    width_pixels: width,
    max_width_pixels: totals.maxWidth,
    orientation_degrees: moments.orientation,
    perimeter_pixels: totals.perimeter,
    aspect_ratio: length / width,
    solidity: totals.area / hullArea(hull),
    centroid: moments.centroid,
    skeleton_length_pixels: totals.skeletonLength,
    branches: totals.branches,
    closed_loop: totals.closedLoop,
    touches_border:
      box.x_min === 0 || box.y_min === 0 || box.x_max === mask.width || box.y_max === mask.height,
    line_like: lineLike,
    pieces: components.length,
    ...scaled(length, width, totals, options.mmPerPixel),
  };
}

type Totals = ReturnType<typeof addPieces>;

function addPieces(components: readonly Component[], grid: Grid) {
  const totals = {
    area: 0,
    pathLength: 0,
    longestPath: 0,
    skeletonLength: 0,
    maxWidth: 0,
    perimeter: 0,
    branches: 0,
    closedLoop: false,
    compact: true,
  };
  for (const component of components) {
    const piece = measurePiece(component, grid);
    // A round speck beside a crack has no path: it counts with its diameter.
    const path = piece.compact ? feretDiameter(convexHull([component])) : piece.pathLength;
    if (path > totals.longestPath) totals.closedLoop = piece.closedLoop;
    totals.longestPath = Math.max(totals.longestPath, path);
    totals.area += component.area;
    totals.pathLength += path;
    totals.skeletonLength += piece.skeletonLength;
    totals.maxWidth = Math.max(totals.maxWidth, piece.maxWidth);
    totals.perimeter += piece.perimeter;
    totals.branches += piece.branches;
    totals.compact &&= piece.compact;
  }
  return totals;
}

/** A blob stays one even where its class is line-like: along a dot there is no path to measure. */
function decideLineLike(totals: Totals, byClass: boolean | undefined): boolean {
  if (totals.compact || byClass === false) return false;
  const meanWidth = totals.area / totals.pathLength;
  return byClass ?? totals.longestPath >= LINE_LIKE_RATIO * meanWidth;
}

function scaled(length: number, width: number, totals: Totals, mmPerPixel: number | undefined) {
  if (mmPerPixel === undefined) return {};
  return {
    length_mm: length * mmPerPixel,
    width_mm: width * mmPerPixel,
    max_width_mm: totals.maxWidth * mmPerPixel,
    area_mm2: totals.area * mmPerPixel * mmPerPixel,
    width_uncertainty_mm: mmPerPixel,
  };
}

function checkScale({ mmPerPixel }: MeasureOptions): void {
  if (mmPerPixel === undefined || (Number.isFinite(mmPerPixel) && mmPerPixel > 0)) return;
  throw new RangeError(`mmPerPixel must be a number greater than 0, got ${mmPerPixel}.`);
}
