import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { type Component, findComponents } from './components.ts';
import { fillHoles } from './holes.ts';
import { drawNoise, valueAt } from './mask-drawing.ts';

const side = fc.integer({ min: 1, max: 20 });
const anyMask = fc
  .tuple(side, side, fc.integer({ min: 3, max: 97 }), fc.integer())
  .map(([width, height, percent, seed]) => drawNoise(width, height, percent, seed));

/** Groups of cells that accept each other, by flood fill: the plain way to say what belongs together. */
function flood(mask: Mask, inside: boolean, diagonal: boolean): string[][] {
  const seen = new Set<string>();
  const groups: string[][] = [];
  for (let y = -1; y <= mask.height; y++) {
    for (let x = -1; x <= mask.width; x++) {
      const queue: [number, number][] = [[x, y]];
      const group: string[] = [];
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const [cx, cy] = next;
        const isInFrame = cx >= -1 && cy >= -1 && cx <= mask.width && cy <= mask.height;
        const key = `${cx},${cy}`;
        if (!isInFrame || seen.has(key) || valueAt(mask, cx, cy) !== inside) continue;
        seen.add(key);
        group.push(key);
        for (const dy of [-1, 0, 1]) {
          for (const dx of [-1, 0, 1]) if (diagonal || dx === 0 || dy === 0) queue.push([cx + dx, cy + dy]);
        }
      }
      if (group.length > 0) groups.push(group.sort());
    }
  }
  return groups;
}

function cells(runs: Int32Array): string[] {
  const found: string[] = [];
  for (let i = 0; i < runs.length; i += 3) {
    for (let x = runs[i + 1] as number; x < (runs[i + 2] as number); x++) found.push(`${x},${runs[i]}`);
  }
  return found.sort();
}

describe('components', () => {
  it('are exactly the groups a flood fill over eight neighbours finds', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const found = findComponents(mask).map(({ runs }) => cells(runs));
        expect(found).toEqual(flood(mask, true, true));
      }),
    );
  });

  it('know their area and box', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        for (const { area, box, runs } of findComponents(mask)) {
          const points = cells(runs).map((cell) => cell.split(',').map(Number) as [number, number]);
          expect(area).toBe(points.length);
          expect(box).toEqual({
            x_min: Math.min(...points.map(([x]) => x)),
            y_min: Math.min(...points.map(([, y]) => y)),
            x_max: Math.max(...points.map(([x]) => x)) + 1,
            y_max: Math.max(...points.map(([, y]) => y)) + 1,
          });
        }
      }),
    );
  });

  it('are found in a mask that starts anywhere in its buffer', () => {
    const buffer = Uint8Array.of(9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 9, 9);
    for (let offset = 0; offset < 4; offset++) {
      const data = new Uint8Array(20).fill(9);
      data.set(buffer.subarray(3, 15), offset);
      const mask = { width: 4, height: 3, data: data.subarray(offset, offset + 12) };
      expect(findComponents(mask).map(({ runs }) => [...runs])).toEqual([[2, 0, 2]]);
    }
  });
});

describe('holes', () => {
  const alone = (mask: Mask, { runs }: Component): Mask => {
    const inside = new Set(cells(runs));
    const data = mask.data.map((_, i) =>
      inside.has(`${i % mask.width},${Math.floor(i / mask.width)}`) ? 1 : 0,
    );
    return { ...mask, data };
  };

  it('up to the given area are filled, larger ones and bays stay open', () => {
    fc.assert(
      fc.property(anyMask, fc.integer({ min: 0, max: 12 }), (mask, greatest) => {
        for (const component of findComponents(mask)) {
          // The first group of background is the one around the mask.
          const holes = flood(alone(mask, component), false, false).slice(1);
          const filled = holes.filter((hole) => hole.length <= greatest).flat();
          expect(cells(fillHoles(component, greatest))).toEqual([...cells(component.runs), ...filled].sort());
        }
      }),
    );
  });
});
