// Convex hull of a set of pixels, taken as unit squares, and its greatest diameter.
import { boxAround, type Component } from './components.ts';

/** Corner points in order around the hull, no three in a line; pixel (x, y) covers x..x+1, y..y+1. */
export interface Hull {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

/** Hull of all pixels of the components (at least one). Method: monotone chain (Andrew 1979) over the rows. */
export function convexHull(components: readonly Component[]): Hull {
  const box = boxAround(components);
  const top = box.y_min;
  const lines = box.y_max - top + 1;
  // A row of pixels gives corners on the line above it and on the line below it.
  const left = new Float64Array(lines).fill(Number.POSITIVE_INFINITY);
  const right = new Float64Array(lines).fill(Number.NEGATIVE_INFINITY);
  for (const { runs } of components) {
    for (let i = 0; i < runs.length; i += 3) {
      const line = (runs[i] as number) - top;
      for (const at of [line, line + 1]) {
        left[at] = Math.min(left[at] as number, runs[i + 1] as number);
        right[at] = Math.max(right[at] as number, runs[i + 2] as number);
      }
    }
  }
  const down = halfHull(left, top, 1);
  const up = halfHull(right, top, -1);
  return { xs: [...down.xs, ...up.xs.reverse()], ys: [...down.ys, ...up.ys.reverse()] };
}

/** The points of one side, from the first line to the last, that bulge outwards (`side` 1 left, -1 right). */
function halfHull(border: Float64Array, top: number, side: 1 | -1): { xs: number[]; ys: number[] } {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let line = 0; line < border.length; line++) {
    const x = border[line] as number;
    if (!Number.isFinite(x)) continue;
    while (xs.length >= 2) {
      const [ax, bx] = [xs.at(-2) as number, xs.at(-1) as number];
      const [ay, by] = [ys.at(-2) as number, ys.at(-1) as number];
      const turn = (bx - ax) * (top + line - ay) - (by - ay) * (x - ax);
      if (turn * side < 0) break;
      xs.pop();
      ys.pop();
    }
    xs.push(x);
    ys.push(top + line);
  }
  return { xs, ys };
}

/** Area inside the hull in square pixels. */
export function hullArea(hull: Hull): number {
  const { xs, ys } = hull;
  let twice = 0;
  for (let i = 0; i < xs.length; i++) {
    const next = (i + 1) % xs.length;
    twice += (xs[i] as number) * (ys[next] as number) - (xs[next] as number) * (ys[i] as number);
  }
  return Math.abs(twice) / 2;
}

/** Greatest distance between two corners (Feret diameter). Method: rotating calipers (Shamos 1978). */
export function feretDiameter(hull: Hull): number {
  const { xs, ys } = hull;
  const n = xs.length;
  let greatest = 0;
  let opposite = 1;
  for (let i = 0; i < n; i++) {
    const next = (i + 1) % n;
    const area = (p: number): number =>
      Math.abs(
        ((xs[next] as number) - (xs[i] as number)) * ((ys[p] as number) - (ys[i] as number)) -
          ((ys[next] as number) - (ys[i] as number)) * ((xs[p] as number) - (xs[i] as number)),
      );
    while (area((opposite + 1) % n) > area(opposite)) opposite = (opposite + 1) % n;
    for (const q of [i, next]) {
      const dx = (xs[opposite] as number) - (xs[q] as number);
      const dy = (ys[opposite] as number) - (ys[q] as number);
      greatest = Math.max(greatest, Math.hypot(dx, dy));
    }
  }
  return greatest;
}
