// Perimeter: length of all outlines of a component, those of its holes too.
import { closedLength } from './curve-length.ts';
import { type Grid, rowStart } from './grid.ts';

/** Moving-mean half window along an outline; see the README for what it costs and saves. */
const OUTLINE_HALF_WINDOW = 4;

/**
 * Follows the edges between the drawn pixels and the background and measures the closed curves through the
 * edges' middles, smoothed as skeleton paths are (a chain code corrected that way: its raw steps would read up
 * to 8 % too much). At a corner where two pixels touch, the outline goes on to the other pixel, as fits 8-connected shapes.
 */
export function outlineLength(grid: Grid, runs: Int32Array): number {
  const { set, mark, stride } = grid;
  const sides = [-stride, 1, stride, -1];
  let total = 0;
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const end = row + (runs[i + 2] as number);
    for (let p = row + (runs[i + 1] as number); p < end; p++) {
      for (let side = 0; side < 4; side++) {
        if (set[p + (sides[side] as number)] === 1 || ((mark[p] as number) >> side) & 1) continue;
        total += closedLength(traceOutline(grid, sides, p, side), OUTLINE_HALF_WINDOW);
      }
    }
  }
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    mark.fill(0, row + (runs[i + 1] as number), row + (runs[i + 2] as number));
  }
  return total;
}

/** Clockwise from the given side (0 top, 1 right, 2 bottom, 3 left) of a pixel back to it, with its marks set. */
function traceOutline(
  grid: Grid,
  sides: readonly number[],
  startPixel: number,
  startSide: number,
): { xs: number[]; ys: number[] } {
  const { set, mark, stride } = grid;
  const xs: number[] = [];
  const ys: number[] = [];
  let pixel = startPixel;
  let side = startSide;
  do {
    mark[pixel] = (mark[pixel] as number) | (1 << side);
    const x = pixel % stride;
    xs.push(x + (MIDDLE_X[side] as number));
    ys.push((pixel - x) / stride + (MIDDLE_Y[side] as number));
    const ahead = pixel + (sides[(side + 1) % 4] as number);
    const outside = ahead + (sides[side] as number);
    if (set[outside] === 1) {
      pixel = outside;
      side = (side + 3) % 4;
    } else if (set[ahead] === 1) pixel = ahead;
    else side = (side + 1) % 4;
  } while (pixel !== startPixel || side !== startSide);
  return { xs, ys };
}

const MIDDLE_X = [0, 0.5, 0, -0.5];
const MIDDLE_Y = [-0.5, 0, 0.5, 0];
