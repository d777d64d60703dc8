import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { findComponents } from './components.ts';
import {
  type Geometry,
  type MeasureOptions,
  measureComponent,
  measureInstances,
  measureMask,
} from './geometry.ts';
import { drawBar, drawMask, drawNoise, drawPolyline, type Point } from './mask-drawing.ts';

function measure(mask: Mask, options?: MeasureOptions): Geometry {
  const geometry = measureMask(mask, options);
  if (geometry === null) throw new Error('the mask is empty');
  return geometry;
}

const ring = (outer: number, inner: number): Mask =>
  drawMask(121, 121, (x, y) => {
    const radius = Math.hypot(x - 60, y - 60);
    return radius <= outer && radius >= inner;
  });
const disk = (radius: number): Mask => drawMask(121, 121, (x, y) => Math.hypot(x - 60, y - 60) <= radius);

describe('line-like shapes', () => {
  it('an upright bar reads as the lying one does, at 90 degrees', () => {
    const geometry = measure(drawMask(60, 220, (x, y) => x >= 20 && x < 30 && y >= 10 && y < 210));
    expect(geometry).toMatchObject({ length_pixels: 200, width_pixels: 10, max_width_pixels: 10 });
    expect(geometry).toMatchObject({ orientation_degrees: 90, branches: 1, line_like: true, pieces: 1 });
  });

  it.each([1, 2, 3, 4, 6, 10, 20])(
    'a bar %i px thick reads 200 px long within 1.5 percent at any angle',
    (thickness) => {
      for (let degrees = 0; degrees < 180; degrees += 6) {
        // Odd and even thickness need a middle on a pixel and between two.
        const bar = drawBar(thickness % 2 === 0 ? 240 : 241, 200, thickness, degrees);
        const geometry = measure(bar, { lineLike: true });
        expect(Math.abs(geometry.length_pixels / 200 - 1), `${degrees} degrees`).toBeLessThan(0.015);
      }
    },
  );

  it('the orientation counts counter-clockwise on screen from -90 (excluded) to 90', () => {
    for (let degrees = -87; degrees <= 90; degrees += 3) {
      expect(measure(drawBar(241, 200, 9, degrees)).orientation_degrees).toBeCloseTo(degrees, 0);
    }
  });

  it('a diagonal line one pixel wide has its real length', () => {
    const geometry = measure(drawMask(120, 120, (x, y) => x === y && x >= 10 && x < 110));
    expect(geometry.length_pixels / (100 * Math.SQRT2)).toBeCloseTo(1, 2);
    expect(geometry).toMatchObject({ area_pixels: 100, orientation_degrees: -45, branches: 1 });
  });

  it('a sine wave is as long as the integral says', () => {
    const points: Point[] = Array.from({ length: 601 }, (_, i) => [
      30 + i / 2,
      100 + 40 * Math.sin((2 * Math.PI * i) / 300),
    ]);
    // Arc length by the midpoint rule, plus the round ends of the pen.
    let arc = 0;
    for (let x = 0.005; x < 300; x += 0.01) {
      arc += 0.01 * Math.hypot(1, ((40 * 2 * Math.PI) / 150) * Math.cos((2 * Math.PI * x) / 150));
    }
    const geometry = measure(drawPolyline(360, 200, points, 8));
    expect(Math.abs(geometry.length_pixels / (arc + 8) - 1)).toBeLessThan(0.01);
    expect(Math.abs(geometry.width_pixels / 8 - 1)).toBeLessThan(0.02);
  });

  it('a T is as long as its beam, has three branches, and its stem counts in the skeleton length', () => {
    const geometry = measure(
      drawMask(220, 140, (x, y) => {
        const inBeam = x >= 10 && x < 210 && y >= 20 && y < 30;
        return inBeam || (x >= 105 && x < 115 && y >= 20 && y < 120);
      }),
    );
    expect(geometry.branches).toBe(3);
    expect(Math.abs(geometry.length_pixels - 200)).toBeLessThan(1);
    expect(Math.abs(geometry.skeleton_length_pixels - (200 + 95))).toBeLessThan(6);
    expect(geometry.width_pixels).toBeCloseTo(geometry.area_pixels / geometry.length_pixels, 9);
  });

  it('two bars that cross make four branches', () => {
    const cross = drawMask(121, 121, (x, y) => Math.abs(x - y) <= 5 || Math.abs(x + y - 120) <= 5);
    expect(measure(cross)).toMatchObject({ branches: 4, closed_loop: false });
  });

  it('a ring is a closed loop and as long as its middle line', () => {
    const geometry = measure(ring(50, 40));
    expect(geometry).toMatchObject({
      closed_loop: true,
      branches: 1,
      line_like: true,
      orientation_degrees: null,
    });
    expect(Math.abs(geometry.length_pixels / (2 * Math.PI * 45) - 1)).toBeLessThan(0.01);
    expect(Math.abs(geometry.perimeter_pixels / (2 * Math.PI * 90) - 1)).toBeLessThan(0.01);
    expect(geometry.max_width_pixels).toBeCloseTo(10, 0);
  });

  it('a ring with a tail is no closed loop any more', () => {
    const shape = drawMask(181, 121, (x, y) => {
      const radius = Math.hypot(x - 60, y - 60);
      return (radius <= 50 && radius >= 44) || (x >= 110 && x < 170 && Math.abs(y - 60) <= 3);
    });
    const geometry = measure(shape);
    expect(geometry).toMatchObject({ closed_loop: false, branches: 2 });
    // The tail and the way to the far side of the ring; the whole ring in the skeleton length.
    expect(Math.abs(geometry.length_pixels - (63 + Math.PI * 47))).toBeLessThan(6);
    expect(Math.abs(geometry.skeleton_length_pixels - (63 + 2 * Math.PI * 47))).toBeLessThan(8);
  });

  it('bumps and pinholes of a rough crack make no branches', () => {
    const rough = drawMask(300, 60, (x, y) => {
      const half = 5 + (x % 7 === 0 ? 2 : 0);
      return x >= 20 && x < 280 && Math.abs(y - 30) <= half && !(y === 30 && x % 40 === 0);
    });
    const geometry = measure(rough);
    expect(geometry).toMatchObject({ branches: 1, closed_loop: false });
    expect(Math.abs(geometry.length_pixels / 260 - 1)).toBeLessThan(0.01);
  });
});

describe('blobs', () => {
  it('a disk is as long as its diameter even where its class is line-like', () => {
    expect(measure(disk(50), { lineLike: true })).toEqual(measure(disk(50)));
    expect(measure(disk(50))).toMatchObject({ line_like: false, branches: 0, orientation_degrees: null });
    expect(measure(disk(50)).perimeter_pixels / (100 * Math.PI)).toBeCloseTo(1, 2);
  });

  it('a class that is not line-like is measured across, whatever its shape', () => {
    const geometry = measure(drawBar(240, 200, 10, 0), { lineLike: false });
    expect(geometry.line_like).toBe(false);
    expect(geometry.length_pixels).toBeCloseTo(Math.hypot(200, 10), 9);
  });

  it('a bar counts as a line from three times as long as wide', () => {
    const bar = (length: number): Mask =>
      drawMask(120, 40, (x, y) => x >= 5 && x < 5 + length && y >= 10 && y < 30);
    expect(measure(bar(61)).line_like).toBe(true);
    expect(measure(bar(56)).line_like).toBe(false);
  });

  it('a hole is missing from the area and adds to the perimeter', () => {
    const plain = measure(disk(50));
    const holed = measure(ring(50, 10.04));
    expect(plain.area_pixels - holed.area_pixels).toBe(measure(disk(10)).area_pixels);
    expect(holed.perimeter_pixels - plain.perimeter_pixels).toBeGreaterThan(2 * Math.PI * 9.5);
    expect(holed.solidity).toBeLessThan(plain.solidity);
    // The hole is narrower than what is left around it: still a blob, not a ring.
    expect(holed).toMatchObject({ closed_loop: false, line_like: false, length_pixels: plain.length_pixels });
  });

  it('one pixel is 1 long and 1 wide', () => {
    const pixel = measure(drawMask(3, 3, (x, y) => x === 1 && y === 1));
    expect(pixel).toMatchObject({ length_pixels: 1, width_pixels: 1, max_width_pixels: 1, solidity: 1 });
    expect(pixel).toMatchObject({ centroid: [1, 1], orientation_degrees: null, touches_border: false });
  });

  it('a mask that is full to the border is measured like any other', () => {
    const geometry = measure(drawMask(40, 30, () => true));
    expect(geometry).toMatchObject({
      area_pixels: 1200,
      length_pixels: 50,
      max_width_pixels: 30,
      solidity: 1,
    });
    expect(geometry).toMatchObject({ touches_border: true, centroid: [19.5, 14.5], orientation_degrees: 0 });
  });
});

describe('instances and pieces', () => {
  const two = drawMask(100, 60, (x, y) => {
    const inSmall = x >= 5 && x < 15 && y >= 5 && y < 7;
    return inSmall || (x >= 20 && x < 80 && y >= 40 && y < 44);
  });

  it('an empty mask has no instances and no geometry', () => {
    const empty = drawMask(20, 10, () => false);
    expect(measureInstances(empty)).toEqual([]);
    expect(measureMask(empty)).toBeNull();
    expect(measureMask({ width: 0, height: 0, data: new Uint8Array(0) })).toBeNull();
  });

  it('instances come largest first, with half-open boxes, each measured as if it were alone', () => {
    const instances = measureInstances(two);
    expect(instances.map(({ bbox }) => bbox)).toEqual([
      { x_min: 20, y_min: 40, x_max: 80, y_max: 44 },
      { x_min: 5, y_min: 5, x_max: 15, y_max: 7 },
    ]);
    expect(instances.map(({ geometry }) => geometry.area_pixels)).toEqual([240, 20]);
    for (const component of findComponents(two)) {
      const alone = measureComponent(component, two);
      expect(instances.map(({ geometry }) => geometry)).toContainEqual(alone);
    }
  });

  it('pixels that touch by a corner are one instance', () => {
    expect(measureInstances(drawMask(4, 4, (x, y) => x === y))).toHaveLength(1);
    expect(measureInstances(drawMask(5, 5, (x, y) => x === y && x % 2 === 0))).toHaveLength(3);
  });

  it('instances below the least area are left out', () => {
    expect(measureInstances(two, { minAreaPixels: 20 })).toHaveLength(2);
    expect(measureInstances(two, { minAreaPixels: 21 })).toHaveLength(1);
  });

  it('a broken crack is one instance whose pieces add up', () => {
    const broken = drawMask(240, 20, (x, y) => x >= 10 && x < 230 && x % 60 !== 0 && y >= 8 && y < 12);
    const geometry = measure(broken);
    expect(geometry).toMatchObject({
      pieces: 4,
      area_pixels: 217 * 4,
      line_like: true,
      orientation_degrees: 0,
    });
    expect(Math.abs(geometry.length_pixels - 217)).toBeLessThan(4);
  });

  it('any value but 0 counts as set', () => {
    const bytes = { ...two, data: two.data.map((value) => value * 255) };
    expect(measureInstances(bytes)).toEqual(measureInstances(two));
  });
});

describe('scale', () => {
  it('a scale adds sizes in millimetres and how well a width is known', () => {
    const geometry = measure(drawBar(240, 200, 10, 0), { mmPerPixel: 0.2 });
    expect(geometry.length_mm).toBeCloseTo(40, 9);
    expect(geometry.width_mm).toBeCloseTo(2, 9);
    expect(geometry.max_width_mm).toBeCloseTo(2, 9);
    expect(geometry.area_mm2).toBeCloseTo(80, 9);
    expect(geometry.width_uncertainty_mm).toBe(0.2);
    expect(measure(drawBar(240, 200, 10, 0))).not.toHaveProperty('length_mm');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a scale of %d is refused', (mmPerPixel) => {
    const mask = drawBar(20, 10, 2, 0);
    expect(() => measureMask(mask, { mmPerPixel })).toThrow(/mmPerPixel must be a number greater than 0/);
    expect(() => measureInstances(mask, { mmPerPixel })).toThrow(RangeError);
  });

  it('a mask whose size does not fit its data is refused', () => {
    expect(() => measureMask({ width: 3, height: 3, data: new Uint8Array(8) })).toThrow(/9 .* 8/);
  });
});

describe('masks that could run away', () => {
  it('noise is measured instance by instance and no pixel is lost', () => {
    const noise = drawNoise(200, 200, 50, 1);
    const areas = measureInstances(noise).map(({ geometry }) => geometry.area_pixels);
    expect(areas.reduce((sum, area) => sum + area, 0)).toBe(noise.data.filter((value) => value !== 0).length);
  });

  it('a comb has a branch for every tooth', () => {
    const comb = drawMask(200, 200, (x, y) => y < 4 || x % 8 < 4);
    expect(measure(comb).branches).toBeGreaterThanOrEqual(25);
    expect(measure(comb).closed_loop).toBe(false);
  });

  it('a checkerboard is one instance, joined by corners alone', () => {
    const board = drawMask(60, 60, (x, y) => (x + y) % 2 === 0);
    expect(measureInstances(board).map(({ geometry }) => geometry.area_pixels)).toEqual([1800]);
  });
});
