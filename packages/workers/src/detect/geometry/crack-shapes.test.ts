import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { measureMask } from './geometry.ts';
import { drawMask } from './mask-drawing.ts';

interface Shape {
  id: string;
  make: string;
  expect: {
    area_pixels?: number;
    length_pixels: number;
    width_pixels?: number;
    max_width_pixels?: number;
    orientation_degrees?: number | null;
    solidity?: number;
    centroid?: [number, number];
    touches_border?: boolean;
  };
  tol?: { length?: number; width?: number; orientation?: number; max_width_px?: number };
}

const file = readFileSync(new URL('./crack-shapes.json', import.meta.url), 'utf8');
const { shapes } = JSON.parse(file) as { shapes: Shape[] };

/** The shapes drawn as the file's `make` says in words. */
const masks: Record<string, Mask> = {
  rect_h: drawMask(220, 60, (x, y) => x >= 10 && x < 210 && y >= 20 && y < 30),
  rect_odd: drawMask(221, 60, (x, y) => x >= 10 && x < 211 && y >= 20 && y < 31),
  rrect_45: drawMask(260, 260, (x, y) => {
    const along = (x - 129.5 - (y - 129.5)) / Math.SQRT2;
    const across = (x - 129.5 + (y - 129.5)) / Math.SQRT2;
    return Math.abs(along) <= 100 && Math.abs(across) <= 5;
  }),
  disk_r50: drawMask(121, 121, (x, y) => (x - 60) ** 2 + (y - 60) ** 2 <= 2500),
  line_h: drawMask(120, 9, (x, y) => y === 4 && x >= 10 && x < 110),
  L: drawMask(120, 120, (x, y) => {
    const inUpright = x >= 10 && x < 16 && y >= 10 && y < 110;
    return inUpright || (x >= 10 && x < 110 && y >= 104 && y < 110);
  }),
  arc: drawMask(220, 220, (x, y) => x >= 5 && y >= 5 && Math.abs(Math.hypot(x - 5, y - 5) - 100) <= 4),
  wedge: drawMask(220, 60, (x, y) => {
    const half = 1 + (9 * (x - 10)) / 199;
    return x >= 10 && x < 210 && y >= 30 - half && y < 30 + half;
  }),
  touches_border: drawMask(220, 60, (x, y) => x < 200 && y >= 20 && y < 30),
  single_pixel: drawMask(5, 5, (x, y) => x === 2 && y === 3),
};

/** What a shape without its own tolerance has to keep to. */
const RELATIVE = 0.01;

describe('shapes with known answers', () => {
  it('each shape of the file is drawn here', () => {
    expect(shapes.map(({ id }) => id).sort()).toEqual(Object.keys(masks).sort());
  });

  it.each(shapes)('$id ($make) is measured within its tolerances', ({ id, expect: answer, tol }) => {
    const geometry = measureMask(masks[id] as Mask);
    expect(geometry).not.toBeNull();
    if (geometry === null) return;
    const off = (value: number, right: number): number => Math.abs(value - right) / right;
    expect(off(geometry.length_pixels, answer.length_pixels)).toBeLessThanOrEqual(tol?.length ?? RELATIVE);
    if (answer.width_pixels !== undefined) {
      expect(off(geometry.width_pixels, answer.width_pixels)).toBeLessThanOrEqual(tol?.width ?? RELATIVE);
    }
    if (answer.max_width_pixels !== undefined) {
      const error = Math.abs(geometry.max_width_pixels - answer.max_width_pixels);
      expect(error).toBeLessThanOrEqual(tol?.max_width_px ?? 1);
    }
    if (answer.area_pixels !== undefined) expect(geometry.area_pixels).toBe(answer.area_pixels);
    if (answer.orientation_degrees === null) expect(geometry.orientation_degrees).toBeNull();
    else if (answer.orientation_degrees !== undefined) {
      const error = Math.abs((geometry.orientation_degrees ?? Number.NaN) - answer.orientation_degrees);
      expect(error).toBeLessThanOrEqual(tol?.orientation ?? 0.5);
    }
    if (answer.solidity !== undefined) expect(geometry.solidity).toBeCloseTo(answer.solidity, 9);
    if (answer.centroid !== undefined) expect(geometry.centroid).toEqual(answer.centroid);
    expect(geometry.touches_border).toBe(answer.touches_border ?? false);
  });
});
