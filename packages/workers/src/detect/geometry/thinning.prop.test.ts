import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { type Component, findComponents } from './components.ts';
import { fillDistances } from './distance.ts';
import { createGrid, drawComponent, type Grid } from './grid.ts';
import { fillHoles } from './holes.ts';
import { drawMask, drawNoise } from './mask-drawing.ts';
import { IS_SIMPLE, NEIGHBOUR_COUNT, neighbourCode } from './neighbourhood.ts';
import { pruneSpurs } from './prune-spurs.ts';
import { thin } from './thinning.ts';

const side = fc.integer({ min: 1, max: 22 });
const anyMask = fc
  .tuple(side, side, fc.integer({ min: 30, max: 99 }), fc.integer())
  .map(([width, height, percent, seed]) => drawNoise(width, height, percent, seed));

function drawn(component: Component): Grid {
  const grid = createGrid([component]);
  drawComponent(grid, component);
  fillDistances(grid, component.runs);
  return grid;
}

/** The grid's set pixels as a mask of its own. */
function maskOf(grid: Grid): Mask {
  const height = grid.set.length / grid.stride;
  return drawMask(grid.stride, height, (x, y) => grid.set[y * grid.stride + x] === 1);
}

/** Number of holes: filling them adds what the outside doesn't reach. */
function countHoles(mask: Mask): number {
  const [component] = findComponents(mask);
  if (component === undefined) return 0;
  const filled = drawFilled(mask, fillHoles(component, Number.POSITIVE_INFINITY));
  const holes = drawMask(mask.width, mask.height, (x, y) => {
    const i = y * mask.width + x;
    return filled[i] === 1 && mask.data[i] === 0;
  });
  return countGroups(holes);
}

function drawFilled(mask: Mask, runs: Int32Array): Uint8Array {
  const data = new Uint8Array(mask.data.length);
  for (let i = 0; i < runs.length; i += 3) {
    const row = (runs[i] as number) * mask.width;
    data.fill(1, row + (runs[i + 1] as number), row + (runs[i + 2] as number));
  }
  return data;
}

/** Groups of set pixels over four neighbours. */
function countGroups(mask: Mask): number {
  const left = new Set([...mask.data.keys()].filter((i) => mask.data[i] === 1));
  let groups = 0;
  for (const start of left) {
    groups++;
    const queue: number[] = [start];
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      if (left.delete(i)) queue.push(i - 1, i + 1, i - mask.width, i + mask.width);
    }
  }
  return groups;
}

describe('thinning', () => {
  it('keeps one piece and every hole, and leaves no pixel to spare', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        for (const component of findComponents(mask)) {
          const grid = drawn(component);
          const holes = countHoles(maskOf(grid));
          const pixels = thin(grid, component.runs);
          const skeleton = maskOf(grid);
          expect(findComponents(skeleton)).toHaveLength(1);
          expect(countHoles(skeleton)).toBe(holes);
          expect(pixels).toHaveLength(skeleton.data.filter((value) => value === 1).length);
          for (const p of pixels) {
            const code = neighbourCode(grid.set, p, grid.stride);
            expect(IS_SIMPLE[code] === 1 && (NEIGHBOUR_COUNT[code] as number) > 1).toBe(false);
          }
        }
      }),
    );
  });

  it('pruning keeps one piece and every hole too', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        for (const component of findComponents(mask)) {
          const grid = drawn(component);
          const skeleton = thin(grid, component.runs);
          const holes = countHoles(maskOf(grid));
          const left = pruneSpurs(grid, skeleton);
          expect(left.length).toBeGreaterThan(0);
          expect(left.length).toBeLessThanOrEqual(skeleton.length);
          expect(findComponents(maskOf(grid))).toHaveLength(1);
          expect(countHoles(maskOf(grid))).toBe(holes);
        }
      }),
    );
  });
});
