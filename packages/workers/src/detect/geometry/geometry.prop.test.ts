import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../../media/raster.ts';
import { type Geometry, measureInstances, measureMask } from './geometry.ts';
import { drawNoise, drawPolyline, enlarge, mirror, type Point, shift, turn } from './mask-drawing.ts';

const side = fc.integer({ min: 1, max: 22 });
const anyMask = fc
  .tuple(side, side, fc.integer({ min: 3, max: 99 }), fc.integer())
  .map(([width, height, percent, seed]) => drawNoise(width, height, percent, seed));
const anyFilledMask = anyMask.filter(({ data }) => data.some((value) => value !== 0));

/** A crack with one bend of at most 90 degrees, at least nine times as long as thick. */
interface Crack {
  thickness: number;
  degrees: number;
  bend: number;
}
const anyCrack: fc.Arbitrary<Crack> = fc.record({
  thickness: fc.double({ min: 1.5, max: 9, noNaN: true }),
  degrees: fc.integer({ min: 0, max: 359 }),
  bend: fc.integer({ min: -90, max: 90 }),
});

/** The crack in a 150 x 150 mask, 90 px long between the middles of its round ends. */
function draw({ thickness, degrees, bend }: Crack): Mask {
  const point = (angle: number): Point => {
    const radians = (angle * Math.PI) / 180;
    return [75 + 45 * Math.cos(radians), 75 + 45 * Math.sin(radians)];
  };
  return drawPolyline(150, 150, [point(degrees), [75, 75], point(degrees + 180 + bend)], thickness);
}

function measure(mask: Mask): Geometry {
  const geometry = measureMask(mask, { lineLike: true });
  if (geometry === null) throw new Error('the mask is empty');
  return geometry;
}

/** The angle of a turned or mirrored shape, in (-90, 90]. */
function toRange(degrees: number): number {
  const turned = ((degrees % 180) + 180) % 180;
  return turned > 90 ? turned - 180 : turned;
}

function expectSameAngle(angle: number | null, wanted: number | null): void {
  if (angle === null || wanted === null) expect(angle).toBe(wanted);
  else {
    const apart = Math.abs(toRange(angle - wanted));
    expect(apart).toBeLessThan(1e-6);
    expect(angle).toBeGreaterThan(-90);
    expect(angle).toBeLessThanOrEqual(90);
  }
}

/** What depends on the set of pixels alone, not on the order in which thinning visits them. */
function expectSameOutside(turned: Geometry, original: Geometry): void {
  expect(turned.area_pixels).toBe(original.area_pixels);
  expect(turned.pieces).toBe(original.pieces);
  expect(turned.touches_border).toBe(original.touches_border);
  expect(turned.max_width_pixels).toBeCloseTo(original.max_width_pixels, 9);
  expect(turned.perimeter_pixels).toBeCloseTo(original.perimeter_pixels, 6);
  expect(turned.solidity).toBeCloseTo(original.solidity, 9);
}

describe('geometry of any mask', () => {
  it('the areas of all instances add up to the set pixels, and every number is a number', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const set = mask.data.filter((value) => value !== 0).length;
        const instances = measureInstances(mask);
        expect(instances.reduce((sum, { geometry }) => sum + geometry.area_pixels, 0)).toBe(set);
        for (const { geometry } of instances) {
          for (const value of Object.values(geometry))
            if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
          expect(geometry.length_pixels).toBeGreaterThan(0);
          expect(geometry.length_pixels * geometry.width_pixels).toBeCloseTo(geometry.area_pixels, 6);
          expect(geometry.solidity).toBeGreaterThan(0);
          expect(geometry.solidity).toBeLessThanOrEqual(1);
          expect(geometry.max_width_pixels).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it('moving a mask moves boxes and centroids and changes nothing else', () => {
    fc.assert(
      fc.property(anyMask, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (mask, dx, dy) => {
        // A wide margin on both: the border must not differ.
        const here = measureInstances(shift(mask, 1, 1, 40, 40));
        const there = measureInstances(shift(mask, 1 + dx, 1 + dy, 40, 40));
        expect(there).toHaveLength(here.length);
        there.forEach(({ bbox, geometry }, i) => {
          const before = here[i];
          if (before === undefined) return;
          const [x, y] = before.geometry.centroid;
          expect(bbox.x_min).toBe(before.bbox.x_min + dx);
          expect(bbox.y_max).toBe(before.bbox.y_max + dy);
          expect(geometry.centroid[0]).toBeCloseTo(x + dx, 9);
          expect(geometry.centroid[1]).toBeCloseTo(y + dy, 9);
          expect({ ...geometry, centroid: null }).toEqual({ ...before.geometry, centroid: null });
        });
      }),
    );
  });

  it('turning a mask by 90 degrees turns its orientation and centroid', () => {
    fc.assert(
      fc.property(anyFilledMask, (mask) => {
        const original = measure(mask);
        const turned = measure(turn(mask));
        expectSameOutside(turned, original);
        const angle = original.orientation_degrees;
        expectSameAngle(turned.orientation_degrees, angle === null ? null : toRange(angle + 90));
        const [x, y] = original.centroid;
        expect(turned.centroid[0]).toBeCloseTo(y, 9);
        expect(turned.centroid[1]).toBeCloseTo(mask.width - 1 - x, 9);
      }),
    );
  });

  it('mirroring a mask mirrors its orientation and centroid', () => {
    fc.assert(
      fc.property(anyFilledMask, (mask) => {
        const original = measure(mask);
        const mirrored = measure(mirror(mask));
        expectSameOutside(mirrored, original);
        const angle = original.orientation_degrees;
        expectSameAngle(mirrored.orientation_degrees, angle === null ? null : toRange(-angle));
        expect(mirrored.centroid[0]).toBeCloseTo(mask.width - 1 - original.centroid[0], 9);
        expect(mirrored.centroid[1]).toBeCloseTo(original.centroid[1], 9);
      }),
    );
  });
});

describe('geometry of a crack', () => {
  /** Thinning prefers some sides, so lengths of turned shapes agree to about a pixel at each end. */
  const PIXELS = 4;

  it('length and width survive turning and mirroring', () => {
    fc.assert(
      fc.property(anyCrack, (crack) => {
        const mask = draw(crack);
        const original = measure(mask);
        for (const same of [measure(turn(mask)), measure(mirror(mask)), measure(turn(turn(mask)))]) {
          expect(Math.abs(same.length_pixels - original.length_pixels)).toBeLessThan(PIXELS);
          const ratio = same.width_pixels / original.width_pixels;
          expect(Math.abs(ratio - 1)).toBeLessThan(PIXELS / original.length_pixels);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a crack is as long as it was drawn and as wide as the pen', () => {
    fc.assert(
      fc.property(anyCrack, (crack) => {
        const { thickness } = crack;
        const geometry = measure(draw(crack));
        expect(geometry).toMatchObject({ branches: 1, closed_loop: false, line_like: true });
        // The inner side of a bend is shorter, by up to the thickness.
        expect(Math.abs(geometry.length_pixels - (90 + thickness))).toBeLessThan(5 + thickness / 2);
        expect(Math.abs(geometry.max_width_pixels - thickness)).toBeLessThan(1 + thickness / 4);
      }),
      { numRuns: 60 },
    );
  });

  it('enlarging the pixels enlarges lengths and widths by the same factor', () => {
    fc.assert(
      fc.property(anyCrack, fc.integer({ min: 2, max: 3 }), (crack, factor) => {
        const mask = draw(crack);
        const small = measure(mask);
        const large = measure(enlarge(mask, factor));
        expect(large.area_pixels).toBe(small.area_pixels * factor * factor);
        expect(Math.abs(large.length_pixels / factor / small.length_pixels - 1)).toBeLessThan(0.04);
        expect(Math.abs(large.width_pixels / factor / small.width_pixels - 1)).toBeLessThan(0.04);
        expect(large.max_width_pixels).toBeGreaterThanOrEqual(small.max_width_pixels * factor - 1e-9);
        expectSameAngle(large.orientation_degrees, small.orientation_degrees);
      }),
      { numRuns: 20 },
    );
  });
});
