// A padded drawing area for one component at a time. Everything that needs neighbours (distances, thinning,
// path search) works here on flat indices, without bounds checks. One grid serves all components of a mask:
// it is as large as the largest box, and only pixels that were drawn are cleared again.
import type { Component } from './components.ts';

/** One pixel around the component is background: outside the picture counts as background too. */
const PADDING = 1;

export interface Grid {
  /** Index distance between a pixel and the one below it. */
  stride: number;
  /** Mask coordinates of index 0. */
  originX: number;
  originY: number;
  /** 1 where the component (later its skeleton) is. */
  readonly set: Uint8Array;
  /** Free marks; every user leaves it all 0. */
  readonly mark: Uint8Array;
  /** Distance along the column to the nearest background pixel. */
  readonly vertical: Int32Array;
  /** Squared Euclidean distance to the nearest background pixel. */
  readonly squared: Int32Array;
  /** Position of a skeleton pixel in its list; meaningful on skeleton pixels only. */
  readonly order: Int32Array;
}

/** A cleared grid large enough for each of the components. */
export function createGrid(components: readonly Component[]): Grid {
  let capacity = 0;
  for (const { box } of components) {
    const area = (box.x_max - box.x_min + 2 * PADDING) * (box.y_max - box.y_min + 2 * PADDING);
    capacity = Math.max(capacity, area);
  }
  return {
    stride: 0,
    originX: 0,
    originY: 0,
    set: new Uint8Array(capacity),
    mark: new Uint8Array(capacity),
    vertical: new Int32Array(capacity),
    squared: new Int32Array(capacity),
    order: new Int32Array(capacity),
  };
}

/** Draws a component on the cleared grid. */
export function drawComponent(grid: Grid, component: Component): void {
  const { box } = component;
  grid.stride = box.x_max - box.x_min + 2 * PADDING;
  grid.originX = box.x_min - PADDING;
  grid.originY = box.y_min - PADDING;
  drawRuns(grid, component.runs);
}

/** Sets more pixels inside the box of the component that was drawn. */
export function drawRuns(grid: Grid, runs: Int32Array): void {
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    grid.set.fill(1, row + (runs[i + 1] as number), row + (runs[i + 2] as number));
  }
}

/** Makes the pixels of the runs background again and forgets their distances. */
export function clearRuns(grid: Grid, runs: Int32Array): void {
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const start = row + (runs[i + 1] as number);
    const end = row + (runs[i + 2] as number);
    grid.set.fill(0, start, end);
    grid.vertical.fill(0, start, end);
    grid.squared.fill(0, start, end);
  }
}

/** Index of mask column 0 in mask row `y`; add x to get a pixel. */
export function rowStart(grid: Grid, y: number): number {
  return (y - grid.originY) * grid.stride - grid.originX;
}
