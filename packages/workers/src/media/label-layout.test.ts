import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LabelArea, type LabelRequest, placeLabels } from './label-layout.ts';
import type { BoundingBox } from './raster.ts';

const area: LabelArea = { width: 400, height: 300, taken: [], gap: 2 };
const size = { width: 120, height: 18 };

function anchor(x_min: number, y_min: number, x_max: number, y_max: number): BoundingBox {
  return { x_min, y_min, x_max, y_max };
}

function overlap(a: BoundingBox, b: BoundingBox): number {
  const width = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
  const height = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
  return Math.max(0, width) * Math.max(0, height);
}

describe('a label', () => {
  it('stands above its box, flush with its left edge', () => {
    const [place] = placeLabels([{ anchor: anchor(100, 100, 250, 200), sizes: [size] }], area);
    expect(place).toEqual({ size: 0, box: anchor(100, 80, 220, 98) });
  });

  it('goes below a box at the top of the picture', () => {
    const [place] = placeLabels([{ anchor: anchor(100, 3, 250, 80), sizes: [size] }], area);
    expect(place?.box).toEqual(anchor(100, 82, 220, 100));
  });

  it('stays inside the picture beside a box in its corner', () => {
    const [place] = placeLabels([{ anchor: anchor(380, 280, 400, 300), sizes: [size] }], area);
    expect(place?.box.x_max).toBeLessThanOrEqual(400);
    expect(place && overlap(place.box, anchor(380, 280, 400, 300))).toBe(0);
  });

  it('lies inside a box that fills the picture', () => {
    const [place] = placeLabels([{ anchor: anchor(0, 0, 400, 300), sizes: [size] }], area);
    expect(place).toEqual({ size: 0, box: anchor(2, 2, 122, 20) });
  });

  it('keeps off what is taken', () => {
    const caption = anchor(0, 270, 400, 300);
    const [place] = placeLabels([{ anchor: anchor(100, 0, 250, 268), sizes: [size] }], {
      ...area,
      taken: [caption],
    });
    expect(place && overlap(place.box, caption)).toBe(0);
  });

  it('does not hide a small box nearby', () => {
    const small = anchor(110, 85, 120, 95);
    const [place] = placeLabels(
      [
        { anchor: anchor(100, 100, 250, 200), sizes: [size] },
        { anchor: small, sizes: [size] },
      ],
      area,
    );
    expect(place && overlap(place.box, small)).toBe(0);
  });

  it('takes its shorter text where the long one has no room, and goes without where none has', () => {
    const narrow = { width: 60, height: 40, taken: [], gap: 2 };
    const request = { anchor: anchor(10, 10, 50, 30), sizes: [size, { width: 50, height: 10 }] };
    expect(placeLabels([request], narrow)[0]?.size).toBe(1);
    expect(placeLabels([request], { ...narrow, width: 40 })).toEqual([undefined]);
  });
});

describe('many labels', () => {
  const coordinate = fc.integer({ min: 0, max: 390 });
  const request = fc
    .tuple(coordinate, coordinate, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 20, max: 150 }))
    .map(([x, y, side, width]): LabelRequest => {
      const box = anchor(x, Math.min(y, 290), Math.min(400, x + side), Math.min(300, y + side + 1));
      return { anchor: box, sizes: [{ width, height: 18 }] };
    });

  it('all lie inside the picture and never much on each other', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const boxes = placeLabels(requests, area).flatMap((place) => (place ? [place.box] : []));
        boxes.forEach((box, index) => {
          expect(box.x_min >= 0 && box.y_min >= 0 && box.x_max <= 400 && box.y_max <= 300).toBe(true);
          const hidden = boxes.slice(0, index).reduce((sum, other) => sum + overlap(box, other), 0);
          expect(hidden / overlap(box, box)).toBeLessThanOrEqual(0.25);
        });
      }),
    );
  });

  it('do not touch where there is room for all', () => {
    const stacked = Array.from({ length: 8 }, () => ({ anchor: anchor(140, 120, 260, 180), sizes: [size] }));
    const boxes = placeLabels(stacked, area).map((place) => place?.box);
    expect(boxes.every((box) => box !== undefined)).toBe(true);
    boxes.forEach((box, index) => {
      for (const other of boxes.slice(0, index)) expect(box && other && overlap(box, other)).toBe(0);
    });
  });
});
