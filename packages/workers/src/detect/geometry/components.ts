// Connected components of a mask, kept as horizontal runs instead of a label image: memory and time follow
// the number of runs, so a hundred thin diagonal cracks cost no more than their pixels. Two pixels belong
// together when they touch by an edge or a corner (8-connected).
import type { BoundingBox, Mask } from '../../media/raster.ts';
import { createSets, findRoot, joinSets } from './disjoint-sets.ts';

/** One 8-connected set of pixels. */
export interface Component {
  /** Number of set pixels. */
  readonly area: number;
  /** Half-open box in mask coordinates. */
  readonly box: BoundingBox;
  /** Triples (y, first x, first x outside) in scan order: rows downward, columns rightward. */
  readonly runs: Int32Array;
}

/**
 * All components of a mask, ordered by their first pixel in scan order. A pixel is set when it isn't 0.
 * Throws a RangeError when the mask's data doesn't fit its size.
 * Method: runs and union-find with path halving (Wu, Otoo, Suzuki 2009, without the label image).
 */
export function findComponents(mask: Mask): Component[] {
  const runs = findRuns(mask);
  const count = runs.length / 3;
  const parent = joinTouchingRuns(runs);
  const componentOf = new Int32Array(count);
  const sizes: number[] = [];
  for (let run = 0; run < count; run++) {
    // The root is always the first run of its component, so it has its number before any other run asks.
    const root = parent[run] as number;
    const component = root === run ? sizes.push(0) - 1 : (componentOf[root] as number);
    componentOf[run] = component;
    sizes[component] = (sizes[component] as number) + 3;
  }
  const slices = sizes.map((size) => new Int32Array(size));
  const filled = new Int32Array(sizes.length);
  for (let run = 0; run < count; run++) {
    const component = componentOf[run] as number;
    const offset = filled[component] as number;
    slices[component]?.set(runs.subarray(run * 3, run * 3 + 3), offset);
    filled[component] = offset + 3;
  }
  return slices.map(describeRuns);
}

function describeRuns(runs: Int32Array): Component {
  let area = 0;
  let xMin = Number.POSITIVE_INFINITY;
  let xMax = 0;
  for (let i = 0; i < runs.length; i += 3) {
    const start = runs[i + 1] as number;
    const end = runs[i + 2] as number;
    area += end - start;
    if (start < xMin) xMin = start;
    if (end > xMax) xMax = end;
  }
  const box = {
    x_min: xMin,
    y_min: runs[0] as number,
    x_max: xMax,
    y_max: (runs[runs.length - 3] as number) + 1,
  };
  return { area, box, runs };
}

function findRuns(mask: Mask): Int32Array {
  const { width, height, data } = mask;
  const total = width * height;
  if (data.length !== total) {
    throw new RangeError(`A mask of ${width} x ${height} needs ${total} bytes, got ${data.length}.`);
  }
  // Empty stretches are skipped four pixels at a time; a view needs an aligned start.
  const words = data.byteOffset % 4 === 0 ? new Uint32Array(data.buffer, data.byteOffset, total >> 2) : null;
  let runs = new Int32Array(3 * 1024);
  let length = 0;
  let i = 0;
  while (i < total) {
    if (words !== null && i % 4 === 0) {
      while (words[i >> 2] === 0) i += 4;
      if (i >= total) break;
    }
    if (data[i] === 0) {
      i++;
      continue;
    }
    const y = Math.floor(i / width);
    const rowStart = y * width;
    const start = i;
    const rowEnd = rowStart + width;
    while (i < rowEnd && data[i] !== 0) i++;
    if (length + 3 > runs.length) {
      const grown = new Int32Array(runs.length * 2);
      grown.set(runs);
      runs = grown;
    }
    runs[length] = y;
    runs[length + 1] = start - rowStart;
    runs[length + 2] = i - rowStart;
    length += 3;
  }
  return runs.slice(0, length);
}

/** For each run the number of the first run of its component. */
function joinTouchingRuns(runs: Int32Array): Int32Array {
  const count = runs.length / 3;
  const parent = createSets(count);
  let above = 0;
  for (let run = 0; run < count; run++) {
    const y = runs[run * 3] as number;
    const start = runs[run * 3 + 1] as number;
    const end = runs[run * 3 + 2] as number;
    while ((runs[above * 3] as number) < y - 1) above++;
    // Runs of the row above that end before this one starts can't touch the later ones either.
    while (runs[above * 3] === y - 1 && (runs[above * 3 + 2] as number) < start) above++;
    for (let other = above; runs[other * 3] === y - 1 && (runs[other * 3 + 1] as number) <= end; other++) {
      joinSets(parent, run, other);
    }
  }
  for (let run = 0; run < count; run++) parent[run] = findRoot(parent, run);
  return parent;
}

/** The box around several components (at least one). */
export function boxAround(components: readonly Component[]): BoundingBox {
  const box = { x_min: Number.POSITIVE_INFINITY, y_min: Number.POSITIVE_INFINITY, x_max: 0, y_max: 0 };
  for (const component of components) {
    box.x_min = Math.min(box.x_min, component.box.x_min);
    box.y_min = Math.min(box.y_min, component.box.y_min);
    box.x_max = Math.max(box.x_max, component.box.x_max);
    box.y_max = Math.max(box.y_max, component.box.y_max);
  }
  return box;
}
