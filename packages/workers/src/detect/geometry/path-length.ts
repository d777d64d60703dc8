// Length of a skeleton path up to the outline. A skeleton ends about half a width before the outline, often
// bent into a corner. So the bent part counts as far as the straight line reaches that continues the path.
import { polylineLength, smoothOpen } from './curve-length.ts';
import type { Grid } from './grid.ts';
import { curveOf } from './skeleton.ts';

/** The end of a path may be bent over this many local half widths (to a right-angled corner: sqrt 2). */
const BENT_HALF_WIDTHS = 2;
/** Least length in pixels over which a direction is taken. */
const DIRECTION_LENGTH = 5;
/** The line left the shape sideways if it falls short of the bent end by more than this: the end is a real bend. */
const SIDEWAYS = 0.7;
const RAY_STEP = 0.125;

/** Length in pixels of a path of skeleton pixels (grid indices in order), from outline to outline. */
export function pathLength(grid: Grid, path: readonly number[]): number {
  const length = polylineLength(smoothOpen(curveOf(grid, path)));
  return length + lengthBeyond(grid, path, length) + lengthBeyond(grid, path.toReversed(), length);
}

/** Distance in pixels from a pixel's middle to the outline: the background's edge is half a pixel before its middle. */
export function distanceToOutline(grid: Grid, p: number): number {
  return Math.sqrt(grid.squared[p] as number) - 0.5;
}

/** What has to be added to the path's length at its first pixel (less than 0 for an end bent into a corner). */
function lengthBeyond(grid: Grid, path: readonly number[], total: number): number {
  const curve = smoothOpen(curveOf(grid, path));
  const halfWidth = (i: number): number => Math.sqrt(grid.squared[path[i] as number] as number);
  const advance = (from: number, isEnough: (travelled: number, i: number) => boolean): number => {
    let i = from;
    for (let travelled = 0; i < path.length - 1 && travelled < total / 3 && !isEnough(travelled, i); i++) {
      travelled += polylineLength(curve, i, i + 1);
    }
    return i;
  };
  const cut = advance(0, (travelled, i) => travelled >= BENT_HALF_WIDTHS * halfWidth(i));
  const least = Math.max(DIRECTION_LENGTH, 2 * halfWidth(cut));
  const inner = advance(cut, (travelled) => travelled >= least);
  const toEnd = distanceToOutline(grid, path[0] as number);
  if (inner === cut) return toEnd;
  const bent = polylineLength(curve, 0, cut);
  const straight = castRay(grid, curve, inner, cut);
  // A line one or two pixels wide has no corners to bend into, but steps through which a ray slips out.
  const isThin = halfWidth(cut) < 2;
  if (straight < (isThin ? bent : SIDEWAYS * bent)) return toEnd;
  return Math.min(straight - bent, BENT_HALF_WIDTHS * halfWidth(cut));
}

/** How far the line from point `inner` through point `cut` goes on beyond `cut` before it leaves the shape. */
function castRay(grid: Grid, { xs, ys }: ReturnType<typeof smoothOpen>, inner: number, cut: number): number {
  const x = xs[cut] as number;
  const y = ys[cut] as number;
  const dx = x - (xs[inner] as number);
  const dy = y - (ys[inner] as number);
  const length = Math.hypot(dx, dy);
  for (let t = 0; ; t += RAY_STEP) {
    const column = Math.round(x + (dx / length) * t);
    const row = Math.round(y + (dy / length) * t);
    // Outside the shape the squared distance is 0; the padding stops every line.
    if (length === 0 || grid.squared[row * grid.stride + column] === 0) return Math.max(0, t - RAY_STEP / 2);
  }
}
