import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findComponents } from './components.ts';
import { convexHull, feretDiameter, hullArea } from './hull.ts';
import { drawNoise } from './mask-drawing.ts';

const side = fc.integer({ min: 1, max: 15 });
const anyMask = fc
  .tuple(side, side, fc.integer({ min: 3, max: 90 }), fc.integer())
  .map(([width, height, percent, seed]) => drawNoise(width, height, percent, seed));
const anyFilledMask = anyMask.filter(({ data }) => data.some((value) => value !== 0));

function corners(mask: { width: number; data: Uint8Array }): [number, number][] {
  return [...mask.data.keys()]
    .filter((i) => mask.data[i] === 1)
    .map((i): [number, number] => [i % mask.width, Math.floor(i / mask.width)])
    .flatMap(([x, y]): [number, number][] => [
      [x, y],
      [x + 1, y],
      [x, y + 1],
      [x + 1, y + 1],
    ]);
}

describe('convex hull', () => {
  it('is convex, holds every corner of every pixel and touches only such corners', () => {
    fc.assert(
      fc.property(anyFilledMask, (mask) => {
        const { xs, ys } = convexHull(findComponents(mask));
        const points = corners(mask);
        const known = new Set(points.map(([x, y]) => `${x},${y}`));
        for (let i = 0; i < xs.length; i++) {
          const [ax, ay] = [xs[i] as number, ys[i] as number];
          const [bx, by] = [xs[(i + 1) % xs.length] as number, ys[(i + 1) % xs.length] as number];
          expect(known.has(`${ax},${ay}`)).toBe(true);
          // Down the left side and up the right one: all points lie on the same hand of every side.
          const outside = points.filter(([x, y]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0);
          expect(outside).toEqual([]);
        }
        expect(hullArea({ xs, ys })).toBeGreaterThanOrEqual(mask.data.filter((value) => value === 1).length);
      }),
    );
  });

  it('the Feret diameter is the greatest distance between any two corners', () => {
    fc.assert(
      fc.property(anyFilledMask, (mask) => {
        const points = corners(mask);
        let greatest = 0;
        for (const [x, y] of points) {
          for (const [u, v] of points) greatest = Math.max(greatest, Math.hypot(x - u, y - v));
        }
        expect(feretDiameter(convexHull(findComponents(mask)))).toBeCloseTo(greatest, 9);
      }),
    );
  });
});
