// What needs the pixels' neighbourhood and is measured for each connected piece alone: widest place,
// outline, skeleton and the longest path along it.
import type { Component } from './components.ts';
import { closedLength, openLength } from './curve-length.ts';
import { fillDistances, largestDiskDiameter } from './distance.ts';
import { clearRuns, drawComponent, drawRuns, type Grid } from './grid.ts';
import { fillHoles } from './holes.ts';
import { longestPath } from './longest-path.ts';
import { distanceToOutline, pathLength } from './path-length.ts';
import { outlineLength } from './perimeter.ts';
import { pruneSpurs } from './prune-spurs.ts';
import { type Chain, curveOf, degree, findChains } from './skeleton.ts';
import { thin } from './thinning.ts';

/** Lengths in pixels. */
export interface Piece {
  /** Along the longest skeleton path, to the outline at both ends; round a closed loop once. */
  readonly pathLength: number;
  /** All chains of the skeleton, free ends counted to the outline. */
  readonly skeletonLength: number;
  /** The skeleton is a dot within the piece's own largest disk: a path says nothing about its size. */
  readonly compact: boolean;
  readonly closedLoop: boolean;
  /** Chains between ends and junctions; 0 for a dot. */
  readonly branches: number;
  readonly maxWidth: number;
  readonly perimeter: number;
}

/** Measures one component; `grid` must be large enough and is left cleared. */
export function measurePiece(component: Component, grid: Grid): Piece {
  drawComponent(grid, component);
  fillDistances(grid, component.runs);
  const maxWidth = largestDiskDiameter(grid, component.runs);
  const perimeter = outlineLength(grid, component.runs);
  // A hole smaller than the body around it is wide (a speck in a mask) is no loop: the skeleton ignores it.
  const bodyWidth = (2 * component.area) / perimeter;
  const runs = fillHoles(component, (Math.PI / 4) * bodyWidth * bodyWidth);
  if (runs.length < component.runs.length) {
    drawRuns(grid, runs);
    fillDistances(grid, runs);
  }
  const piece = { ...measureSkeleton(grid, pruneSpurs(grid, thin(grid, runs))), maxWidth, perimeter };
  clearRuns(grid, runs);
  return piece;
}

function measureSkeleton(grid: Grid, pixels: Int32Array): Omit<Piece, 'maxWidth' | 'perimeter'> {
  const chains = findChains(grid, pixels);
  const loop = chains[0];
  if (loop !== undefined && pixels.every((p) => degree(grid, p) === 2)) {
    const length = closedLength(curveOf(grid, loop.pixels.slice(1)));
    return { pathLength: length, skeletonLength: length, compact: false, closedLoop: true, branches: 1 };
  }
  const path = longestPath(grid, pixels);
  const length = pathLength(grid, path);
  const compact = openLength(curveOf(grid, path)) < widestRadius(grid, path);
  return {
    pathLength: length,
    skeletonLength: length + lengthBesides(grid, chains, new Set(path)),
    compact,
    closedLoop: false,
    branches: compact ? 0 : countBranches(grid, chains),
  };
}

/** Length of what doesn't lie on the path, free ends counted to the outline. */
function lengthBesides(grid: Grid, chains: readonly Chain[], path: ReadonlySet<number>): number {
  let total = 0;
  for (const { pixels } of chains) {
    // The path may take only a part of a chain: where it turns round on a ring.
    let start = 0;
    for (let i = 1; i < pixels.length; i++) {
      const onPath = path.has(pixels[i - 1] as number) && path.has(pixels[i] as number);
      if (!onPath && i < pixels.length - 1) continue;
      const stretch = pixels.slice(start, onPath ? i : i + 1);
      if (stretch.length > 1) total += openLength(curveOf(grid, stretch));
      start = i;
    }
    for (const end of [pixels[0] as number, pixels.at(-1) as number]) {
      if (degree(grid, end) === 1 && !path.has(end)) total += distanceToOutline(grid, end);
    }
  }
  return total;
}

/** Where branches cross, thinning leaves two junctions with a short bridge: it counts as one crossing. */
function countBranches(grid: Grid, chains: readonly Chain[]): number {
  const isBridge = ({ pixels, length }: Chain): boolean => {
    const from = pixels[0] as number;
    const to = pixels.at(-1) as number;
    const joins = from !== to && degree(grid, from) > 2 && degree(grid, to) > 2;
    return joins && length < 2 * widestRadius(grid, [from, to]);
  };
  return chains.filter((chain) => !isBridge(chain)).length;
}

function widestRadius(grid: Grid, pixels: readonly number[]): number {
  let greatest = 0;
  for (const p of pixels) greatest = Math.max(greatest, grid.squared[p] as number);
  return Math.sqrt(greatest);
}
