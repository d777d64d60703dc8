import { describe, expect, it } from 'vitest';
import type { BoundingBox, RgbImage } from './raster.ts';
import {
  blendMask,
  fillRect,
  fillRoundedRect,
  type Ink,
  strokeMask,
  strokePolyline,
  strokeRect,
} from './rasterizer.ts';

const WHITE: Ink = { color: [255, 255, 255], alpha: 1 };

function black(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/** Rows of the red channel: `#` full, `.` none, `+` between. */
function drawing({ width, height, data }: RgbImage): string[] {
  const sign = (value: number) => (value === 255 ? '#' : value === 0 ? '.' : '+');
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => sign(data[(y * width + x) * 3] ?? 0)).join(''),
  );
}

function box(x_min: number, y_min: number, x_max: number, y_max: number): BoundingBox {
  return { x_min, y_min, x_max, y_max };
}

describe('rectangles', () => {
  it('fill half-open boxes and nothing beside them', () => {
    const image = black(6, 4);
    fillRect(image, box(1, 1, 4, 3), WHITE);
    expect(drawing(image)).toEqual(['......', '.###..', '.###..', '......']);
  });

  it('are cut to the picture', () => {
    const image = black(4, 3);
    fillRect(image, box(-5, 1, 2, 99), WHITE);
    strokeRect(image, box(-9, -9, 50, 50), 2, WHITE);
    expect(drawing(image)).toEqual(['....', '##..', '##..']);
  });

  it('mix with what is below by their alpha', () => {
    const image = { width: 1, height: 1, data: Uint8Array.from([200, 100, 0]) };
    fillRect(image, box(0, 0, 1, 1), { color: [0, 100, 255], alpha: 0.5 });
    expect([...image.data]).toEqual([100, 100, 128]);
  });

  it('have frames that lie inside their edge', () => {
    const image = black(7, 6);
    strokeRect(image, box(1, 1, 6, 6), 1, WHITE);
    expect(drawing(image)).toEqual(['.......', '.#####.', '.#...#.', '.#...#.', '.#...#.', '.#####.']);
  });

  it('blend each pixel of a frame once, however small the box', () => {
    for (const [width, height] of [
      [1, 1],
      [2, 5],
      [3, 2],
      [9, 9],
    ] as const) {
      const image = black(9, 9);
      strokeRect(image, box(0, 0, width, height), 2, { color: [200, 200, 200], alpha: 0.5 });
      expect(new Set(image.data), `${width} x ${height}`).toEqual(new Set([100, 0]));
    }
  });

  it('lose only their corners when rounded', () => {
    const image = black(8, 6);
    fillRoundedRect(image, box(0, 0, 8, 6), 2, WHITE);
    const rows = drawing(image);
    expect(rows[0]).toMatch(/^[.+]{1,2}#{4,6}[.+]{1,2}$/);
    expect(rows[3]).toBe('########');
    expect(rows).toEqual([...rows].reverse());
  });
});

describe('lines', () => {
  it('are sharp when they lie on whole pixels', () => {
    const image = black(6, 3);
    strokePolyline(
      image,
      [
        { x: 1.5, y: 1.5 },
        { x: 4.5, y: 1.5 },
      ],
      1,
      WHITE,
    );
    expect(drawing(image)).toEqual(['......', '.####.', '......']);
  });

  it('cover about their length times their thickness at every angle', () => {
    for (let degrees = 0; degrees < 180; degrees += 15) {
      const image = black(60, 60);
      const [dx, dy] = [Math.cos((degrees * Math.PI) / 180) * 20, Math.sin((degrees * Math.PI) / 180) * 20];
      strokePolyline(
        image,
        [
          { x: 30 - dx, y: 30 - dy },
          { x: 30 + dx, y: 30 + dy },
        ],
        4,
        WHITE,
      );
      const covered = image.data.reduce((sum, value) => sum + value, 0) / 3 / 255;
      const expected = 40 * 4 + Math.PI * 4;
      expect(Math.abs(covered / expected - 1), `${degrees} degrees`).toBeLessThan(0.03);
    }
  });

  it('do not darken their own joints', () => {
    const image = black(20, 20);
    const bend = [
      { x: 2, y: 2 },
      { x: 10, y: 10 },
      { x: 18, y: 2 },
      { x: 2, y: 2 },
    ];
    strokePolyline(image, bend, 3, { color: [200, 200, 200], alpha: 0.5 });
    expect(Math.max(...image.data)).toBeLessThanOrEqual(101);
  });

  it('may leave the picture and come back', () => {
    const image = black(5, 5);
    strokePolyline(
      image,
      [
        { x: -40, y: 2.5 },
        { x: 80, y: 2.5 },
      ],
      1,
      WHITE,
    );
    expect(drawing(image)).toEqual(['.....', '.....', '#####', '.....', '.....']);
  });
});

describe('masks', () => {
  const mask = {
    width: 4,
    height: 3,
    data: Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]),
  };

  it('tint exactly their set pixels, at their place', () => {
    const image = black(7, 5);
    blendMask(image, { mask, x: 2, y: 1 }, WHITE);
    expect(drawing(image)).toEqual(['.......', '...##..', '...#...', '.....#.', '.......']);
  });

  it('are cut at every edge of the picture', () => {
    const image = black(3, 2);
    blendMask(image, { mask, x: -1, y: 0 }, WHITE);
    expect(drawing(image)).toEqual(['##.', '#..']);
    const other = black(3, 2);
    blendMask(other, { mask, x: 1, y: -1 }, WHITE);
    expect(drawing(other)).toEqual(['..#', '...']);
  });

  it('have a contour around them that leaves them free', () => {
    const image = black(6, 5);
    strokeMask(image, { mask: { width: 2, height: 1, data: Uint8Array.from([1, 1]) }, x: 2, y: 2 }, 1, WHITE);
    expect(drawing(image)).toEqual(['......', '.+##+.', '.#..#.', '.+##+.', '......']);
  });

  it('have a contour along their holes too, and none when empty', () => {
    const ring = { width: 5, height: 5, data: new Uint8Array(25).fill(1) };
    ring.data[12] = 0;
    const image = black(5, 5);
    strokeMask(image, { mask: ring, x: 0, y: 0 }, 1, WHITE);
    expect(drawing(image)).toEqual(['.....', '.....', '..#..', '.....', '.....']);
    strokeMask(image, { mask: { width: 5, height: 5, data: new Uint8Array(25) }, x: 0, y: 0 }, 1, WHITE);
    expect(image.data.filter((value) => value > 0).length).toBe(3);
  });
});
