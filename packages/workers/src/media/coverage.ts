// Coverage: how much of each pixel a shape covers, 0 to 255, in a window of its own. Shapes that touch are joined here by
// the greater value before anything is blended, so that joints and crossings don't show in half-transparent ink.

/** A window of a picture: `data[row * width + column]` belongs to the pixel (`x + column`, `y + row`). */
export interface Coverage {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Positions are continuous: pixel (0, 0) covers 0 to 1 on both axes and has its centre at (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export function createCoverage(x: number, y: number, width: number, height: number): Coverage {
  return { x, y, width, height, data: new Uint8Array(Math.max(0, width) * Math.max(0, height)) };
}

/** Adds a line from `from` to `to` with round ends, `radius` to each side; one point twice gives a dot. */
export function coverSegment(coverage: Coverage, from: Point, to: Point, radius: number): void {
  const reach = radius + 0.5;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const squared = dx * dx + dy * dy;
  const firstRow = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach) - coverage.y);
  const endRow = Math.min(coverage.height, Math.ceil(Math.max(from.y, to.y) + reach) - coverage.y);
  for (let row = firstRow; row < endRow; row++) {
    const py = coverage.y + row + 0.5 - from.y;
    const [left, right] = rowSpan(from, to, py, reach);
    const firstColumn = Math.max(0, Math.floor(left) - coverage.x);
    const endColumn = Math.min(coverage.width, Math.ceil(right) - coverage.x);
    for (let column = firstColumn; column < endColumn; column++) {
      const px = coverage.x + column + 0.5 - from.x;
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      const [aside, away] = [px - along * dx, py - along * dy];
      // Math.hypot takes ten times as long, to be safe from overflows that pixels don't have.
      const share = reach - Math.sqrt(aside * aside + away * away);
      if (share <= 0) continue;
      const at = row * coverage.width + column;
      const value = share >= 1 ? 255 : Math.round(share * 255);
      if (value > (coverage.data[at] as number)) coverage.data[at] = value;
    }
  }
}

/** Columns that a line can reach in one row, so that a long diagonal doesn't cost its whole bounding box. */
function rowSpan(from: Point, to: Point, py: number, reach: number): [number, number] {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const low = Math.min(from.x, to.x) - reach;
  const high = Math.max(from.x, to.x) + reach;
  if (Math.abs(dy) < 1e-9) return [low, high];
  const middle = from.x + (py / dy) * dx;
  const half = (reach * Math.hypot(dx, dy)) / Math.abs(dy);
  return [Math.max(low, middle - half), Math.min(high, middle + half)];
}

/** The window around points, with room for a line of this radius, cut to a picture. */
export function coverageAround(
  points: readonly Point[],
  radius: number,
  width: number,
  height: number,
): Coverage {
  const reach = radius + 1;
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const left = Math.max(0, Math.floor(Math.min(...xs) - reach));
  const top = Math.max(0, Math.floor(Math.min(...ys) - reach));
  const right = Math.min(width, Math.ceil(Math.max(...xs) + reach));
  const bottom = Math.min(height, Math.ceil(Math.max(...ys) + reach));
  return createCoverage(left, top, Math.max(0, right - left), Math.max(0, bottom - top));
}
