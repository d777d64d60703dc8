// The skeleton as a graph: ends, junctions and the chains of pixels between them.
import type { Curve } from './curve-length.ts';
import type { Grid } from './grid.ts';
import { NEIGHBOUR_COUNT, neighbourCode, neighbourSteps } from './neighbourhood.ts';

/** A run of skeleton pixels between two nodes (ends or junctions). */
export interface Chain {
  /** Grid indices in order, both nodes included; a loop repeats its first pixel at the end. */
  readonly pixels: number[];
  /** Steps of 1 and sqrt 2 along the chain. */
  readonly length: number;
}

/** The pixels as points of the grid. */
export function curveOf(grid: Grid, pixels: readonly number[]): Curve {
  const xs = new Float64Array(pixels.length);
  const ys = new Float64Array(pixels.length);
  pixels.forEach((p, i) => {
    xs[i] = p % grid.stride;
    ys[i] = Math.floor(p / grid.stride);
  });
  return { xs, ys };
}

/** 1 at an end, 2 on a link, 3 and more at a junction, 0 for a lone pixel. */
export function degree(grid: Grid, p: number): number {
  return NEIGHBOUR_COUNT[neighbourCode(grid.set, p, grid.stride)] as number;
}

/** Length of one step between neighbours. */
export function stepLength(grid: Grid, from: number, to: number): number {
  const distance = Math.abs(to - from);
  return distance === 1 || distance === grid.stride ? 1 : Math.SQRT2;
}

/**
 * Follows links from `node` through its neighbour `first` to the next node, or back to `node` around a loop.
 * On a loop without nodes any pixel may stand as `node`.
 */
export function walkChain(grid: Grid, node: number, first: number): Chain {
  const { set } = grid;
  const steps = neighbourSteps(grid);
  const pixels = [node, first];
  let length = stepLength(grid, node, first);
  let before = node;
  let at = first;
  while (at !== node && degree(grid, at) === 2) {
    let next = before;
    for (const step of steps) {
      if (set[at + step] === 1 && at + step !== before) next = at + step;
    }
    length += stepLength(grid, at, next);
    pixels.push(next);
    before = at;
    at = next;
  }
  return { pixels, length };
}

/** Every chain of the skeleton once. Steps between two touching junction pixels are no chains. */
export function findChains(grid: Grid, pixels: Int32Array): Chain[] {
  const { set, mark } = grid;
  const steps = neighbourSteps(grid);
  const chains: Chain[] = [];
  const follow = (node: number, first: number): void => {
    const chain = walkChain(grid, node, first);
    for (const p of chain.pixels) mark[p] = 1;
    chains.push(chain);
  };
  const isNode = (p: number): boolean => degree(grid, p) !== 2;
  for (const node of pixels) {
    if (!isNode(node)) continue;
    for (const step of steps) {
      const first = node + step;
      if (set[first] !== 1) continue;
      const direct = isNode(first);
      const bothJunctions = direct && degree(grid, node) > 2 && degree(grid, first) > 2;
      if (direct ? first > node && !bothJunctions : mark[first] === 0) follow(node, first);
    }
  }
  // What no node leads to is a closed loop of links.
  for (const p of pixels) {
    if (mark[p] === 1 || isNode(p)) continue;
    const step = steps.find((candidate) => set[p + candidate] === 1);
    if (step !== undefined) follow(p, p + step);
  }
  for (const p of pixels) mark[p] = 0;
  return chains;
}
