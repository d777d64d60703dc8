// Exact Euclidean distance to the background, and the largest disk that fits inside a component.
import { type Grid, rowStart } from './grid.ts';

/**
 * Fills `grid.vertical` and `grid.squared` (squared pixels, between pixel centres) for the drawn runs.
 * Method: Meijster, Roerdink, Hesselink 2000 (lower envelope of parabolas, as in Felzenszwalb, Huttenlocher
 * 2012), in integers. Each run is solved on its own: its two end neighbours are background at height 0, so
 * no column beyond them can be nearer. Time follows the number of pixels drawn.
 */
export function fillDistances(grid: Grid, runs: Int32Array): void {
  const { vertical, stride } = grid;
  let longest = 0;
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const start = row + (runs[i + 1] as number);
    const end = row + (runs[i + 2] as number);
    longest = Math.max(longest, end - start);
    for (let p = start; p < end; p++) vertical[p] = (vertical[p - stride] as number) + 1;
  }
  for (let i = runs.length - 3; i >= 0; i -= 3) {
    const row = rowStart(grid, runs[i] as number);
    const end = row + (runs[i + 2] as number);
    for (let p = row + (runs[i + 1] as number); p < end; p++) {
      const below = (vertical[p + stride] as number) + 1;
      if (below < (vertical[p] as number)) vertical[p] = below;
    }
  }
  const apex = new Int32Array(longest + 2);
  const from = new Int32Array(longest + 2);
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    fillRun(grid, row + (runs[i + 1] as number), row + (runs[i + 2] as number), apex, from);
  }
}

/** Lower envelope over the columns of one run and its two background neighbours; column 0 is `start - 1`. */
function fillRun(grid: Grid, start: number, end: number, apex: Int32Array, from: Int32Array): void {
  const { vertical, squared } = grid;
  const base = start - 1;
  const columns = end - start + 2;
  let top = 0;
  apex[0] = 0;
  from[0] = 0;
  for (let u = 1; u < columns; u++) {
    const height = vertical[base + u] as number;
    let begin = 0;
    while (top >= 0) {
      const other = apex[top] as number;
      const otherHeight = vertical[base + other] as number;
      // First column where parabola u is the lower one.
      const rise = u * u - other * other + height * height - otherHeight * otherHeight;
      begin = Math.floor(rise / (2 * (u - other))) + 1;
      if (begin > (from[top] as number)) break;
      top--;
    }
    if (top < 0) begin = 0;
    if (begin >= columns) continue;
    top++;
    apex[top] = u;
    from[top] = begin;
  }
  for (let u = columns - 2; u >= 1; u--) {
    while ((from[top] as number) > u) top--;
    const other = apex[top] as number;
    const height = vertical[base + other] as number;
    squared[base + u] = (u - other) * (u - other) + height * height;
  }
}

/**
 * Diameter in pixels of the largest disk inside the component, pixels taken as unit squares; needs the
 * distances. Centres are tried on a half-pixel grid, so bars of even and of odd width both read right (twice
 * the distance between pixel centres reads odd widths one too high, that minus one even widths one too low).
 */
export function largestDiskDiameter(grid: Grid, runs: Int32Array): number {
  const { squared } = grid;
  let greatest = 0;
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const end = row + (runs[i + 2] as number);
    for (let p = row + (runs[i + 1] as number); p < end; p++)
      greatest = Math.max(greatest, squared[p] as number);
  }
  const highest = Math.sqrt(greatest);
  // The disk's radius is at least `highest` less half a diagonal; a pixel beside its centre is at most half a
  // diagonal off, and its distance counts to the middle of a background square, not to its edge.
  const least = Math.max(0, highest - Math.SQRT2 + 0.5) ** 2;
  let best = Math.max(0.5, highest - Math.SQRT1_2) ** 2;
  for (let i = 0; i < runs.length; i += 3) {
    const row = rowStart(grid, runs[i] as number);
    const end = row + (runs[i + 2] as number);
    for (let p = row + (runs[i + 1] as number); p < end; p++) {
      if ((squared[p] as number) < least) continue;
      for (const right of HALF_STEPS) {
        for (const down of HALF_STEPS) best = Math.max(best, squaredClearance(grid, p, right, down, best));
      }
    }
  }
  return 2 * Math.sqrt(best);
}

const HALF_STEPS = [0, 1] as const;

/**
 * Squared distance to the nearest background square from a pixel's centre, moved `right` and `down` half
 * pixels. Gives up with 0 once it can't beat `best`.
 */
function squaredClearance(grid: Grid, pixel: number, right: 0 | 1, down: 0 | 1, best: number): number {
  const { vertical, stride } = grid;
  const below = pixel + down * stride;
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 0; ; k++) {
    const across = right === 1 ? k : Math.max(0, k - 0.5);
    if (across * across >= nearest) return nearest;
    const height = Math.min(
      vertical[pixel - k] as number,
      vertical[below - k] as number,
      vertical[pixel + right + k] as number,
      vertical[below + right + k] as number,
    );
    // Seen from a row's middle, the background square begins half a pixel before its own middle.
    const along = down === 1 ? height : Math.max(0, height - 0.5);
    nearest = Math.min(nearest, across * across + along * along);
    if (nearest <= best) return 0;
  }
}
