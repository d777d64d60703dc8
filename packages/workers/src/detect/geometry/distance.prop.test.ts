import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { findComponents } from './components.ts';
import { fillDistances, largestDiskDiameter } from './distance.ts';
import { clearRuns, createGrid, drawComponent, rowStart } from './grid.ts';
import { drawNoise, valueAt } from './mask-drawing.ts';

const side = fc.integer({ min: 1, max: 18 });
const anyMask = fc
  .tuple(side, side, fc.integer({ min: 40, max: 100 }), fc.integer())
  .map(([width, height, percent, seed]) => drawNoise(width, height, percent, seed));

/** Middles of all background pixels, a ring around the mask included. */
function background(mask: Mask): [number, number][] {
  const found: [number, number][] = [];
  for (let y = -1; y <= mask.height; y++) {
    for (let x = -1; x <= mask.width; x++) if (!valueAt(mask, x, y)) found.push([x, y]);
  }
  return found;
}

describe('distance to the background', () => {
  it('equals the least distance to any background pixel, the border counting as background', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const outside = background(mask);
        const components = findComponents(mask);
        const grid = createGrid(components);
        for (const component of components) {
          const { runs } = component;
          drawComponent(grid, component);
          fillDistances(grid, runs);
          for (let i = 0; i < runs.length; i += 3) {
            const y = runs[i] as number;
            for (let x = runs[i + 1] as number; x < (runs[i + 2] as number); x++) {
              const least = Math.min(...outside.map(([u, v]) => (u - x) ** 2 + (v - y) ** 2));
              expect(grid.squared[rowStart(grid, y) + x]).toBe(least);
            }
          }
          clearRuns(grid, runs);
        }
      }),
    );
  });

  it('the largest disk is the best of all disks centred on half pixels', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const outside = background(mask);
        // From a point to the unit square around a pixel's middle.
        const toSquare = (x: number, y: number, [u, v]: [number, number]): number =>
          Math.hypot(Math.max(0, Math.abs(x - u) - 0.5), Math.max(0, Math.abs(y - v) - 0.5));
        let best = 0;
        for (let y = 0; y < mask.height; y += 0.5) {
          for (let x = 0; x < mask.width; x += 0.5) {
            best = Math.max(best, Math.min(...outside.map((square) => toSquare(x, y, square))));
          }
        }
        const components = findComponents(mask);
        const grid = createGrid(components);
        const diameters = components.map((component) => {
          drawComponent(grid, component);
          fillDistances(grid, component.runs);
          const diameter = largestDiskDiameter(grid, component.runs);
          clearRuns(grid, component.runs);
          return diameter;
        });
        expect(Math.max(0, ...diameters)).toBeCloseTo(2 * best, 9);
      }),
      { numRuns: 50 },
    );
  });
});
