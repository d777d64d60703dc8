// The longest way along a skeleton: the greatest shortest path between two of its pixels. Exact on a tree;
// where the skeleton has meshes it goes the short way round each, so a pinhole never lengthens a crack, and
// the pair of ends found is a good one (a lower bound).
import type { Grid } from './grid.ts';
import { neighbourSteps } from './neighbourhood.ts';
import { degree, stepLength } from './skeleton.ts';

/** Up to so many ends each is tried as a start. */
const MAX_STARTS = 16;
/** A start's farthest pixel becomes the next start so many times, as long as the path grows. */
const MAX_RESTARTS = 4;

/** Grid indices from one end to the other, steps of 1 and sqrt 2 as the metric. A lone pixel is its own path. */
export function longestPath(grid: Grid, pixels: Int32Array): number[] {
  pixels.forEach((p, i) => {
    grid.order[p] = i;
  });
  const ends = pixels.filter((p) => degree(grid, p) === 1);
  // On a tree the pixel farthest from anywhere ends a longest path; a ring with a tail needs the tail's end.
  const anywhere = sweep(grid, pixels, pixels[0] as number);
  const starts = ends.length <= MAX_STARTS ? [anywhere.farthest, ...ends] : [anywhere.farthest];
  let best = anywhere;
  for (const start of starts) {
    let found = sweep(grid, pixels, start);
    for (let i = 0; i < MAX_RESTARTS; i++) {
      const next = sweep(grid, pixels, found.farthest);
      if (next.distance <= found.distance) break;
      found = next;
    }
    if (found.distance > best.distance) best = found;
  }
  const path: number[] = [];
  for (let at = best.farthest; at !== -1; at = best.from[grid.order[at] as number] as number) path.push(at);
  return path;
}

interface Sweep {
  readonly farthest: number;
  readonly distance: number;
  /** For each skeleton pixel the one before it on the way from the start; -1 at the start. */
  readonly from: Int32Array;
}

/**
 * Dijkstra's search without a heap: with two step lengths, distances enter each of two queues in ascending
 * order, so the nearest open pixel is at the head of one of them.
 */
function sweep(grid: Grid, pixels: Int32Array, start: number): Sweep {
  const { set, order } = grid;
  const steps = neighbourSteps(grid);
  const distance = new Float64Array(pixels.length).fill(Number.POSITIVE_INFINITY);
  const from = new Int32Array(pixels.length).fill(-1);
  const straight = { pixels: [start], distances: [0], head: 0 };
  const diagonal: typeof straight = { pixels: [], distances: [], head: 0 };
  distance[order[start] as number] = 0;
  let farthest = start;
  for (;;) {
    const a = straight.distances[straight.head] ?? Number.POSITIVE_INFINITY;
    const b = diagonal.distances[diagonal.head] ?? Number.POSITIVE_INFINITY;
    if (a === b && a === Number.POSITIVE_INFINITY) break;
    const queue = a <= b ? straight : diagonal;
    const at = queue.pixels[queue.head++] as number;
    const travelled = Math.min(a, b);
    if (travelled > (distance[order[at] as number] as number)) continue;
    farthest = at;
    for (const step of steps) {
      const next = at + step;
      if (set[next] !== 1) continue;
      const length = stepLength(grid, at, next);
      const index = order[next] as number;
      if (travelled + length >= (distance[index] as number)) continue;
      distance[index] = travelled + length;
      from[index] = at;
      const target = length === 1 ? straight : diagonal;
      target.pixels.push(next);
      target.distances.push(travelled + length);
    }
  }
  return { farthest, distance: distance[order[farthest] as number] as number, from };
}
