import { describe, expect, it } from 'vitest';
import { type AnnotatedAnomaly, drawAnnotations } from './annotate.ts';
import { colorOfClass, textColorOn } from './class-colors.ts';
import type { BoundingBox, Mask, RgbImage } from './raster.ts';

function grey(width: number, height: number): RgbImage {
  return { width, height, data: new Uint8Array(width * height * 3).fill(128) };
}

function crack(bbox: BoundingBox, more: Partial<AnnotatedAnomaly> = {}): AnnotatedAnomaly {
  return {
    defect_type: 'crack',
    bbox,
    geometry: { length_pixels: 214, width_pixels: 3.1 },
    confidence: { combined: 0.87 },
    ...more,
  };
}

const BOX: BoundingBox = { x_min: 100, y_min: 120, x_max: 260, y_max: 200 };

/** Pixels that differ, as a half-open box around them and their number. */
function changed(before: RgbImage, after: RgbImage): BoundingBox & { count: number } {
  const found = { x_min: before.width, y_min: before.height, x_max: 0, y_max: 0, count: 0 };
  for (let pixel = 0; pixel < before.width * before.height; pixel++) {
    const at = pixel * 3;
    const isSame = [0, 1, 2].every((channel) => before.data[at + channel] === after.data[at + channel]);
    if (isSame) continue;
    const [x, y] = [pixel % before.width, Math.floor(pixel / before.width)];
    found.x_min = Math.min(found.x_min, x);
    found.y_min = Math.min(found.y_min, y);
    found.x_max = Math.max(found.x_max, x + 1);
    found.y_max = Math.max(found.y_max, y + 1);
    found.count++;
  }
  return found;
}

function pixelAt({ width, data }: RgbImage, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

function disc(width: number, height: number, radius: number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.hypot((i % width) - width / 2, Math.floor(i / width) - height / 2) < radius ? 1 : 0,
  );
  return { width, height, data };
}

describe('an annotated picture', () => {
  it('leaves the picture it was made from alone', () => {
    const image = grey(400, 300);
    const annotated = drawAnnotations(image, { anomalies: [crack(BOX)], caption: 'demo' });
    expect(image.data.every((value) => value === 128)).toBe(true);
    expect([annotated.width, annotated.height]).toEqual([400, 300]);
  });

  it('without defects and caption is the same picture', () => {
    const image = grey(60, 40);
    expect(drawAnnotations(image, { anomalies: [] }).data).toEqual(image.data);
  });

  it('has the box in the colour of its class and a label above it', () => {
    const image = grey(400, 300);
    const annotated = drawAnnotations(image, { anomalies: [crack(BOX)] });
    const [red, green, blue] = pixelAt(annotated, 100, 160);
    const expected = colorOfClass('crack');
    for (const [value, wanted] of [
      [red, expected[0]],
      [green, expected[1]],
      [blue, expected[2]],
    ] as const) {
      expect(Math.abs((value ?? 0) - wanted)).toBeLessThan(12);
    }
    expect(pixelAt(annotated, 180, 160)).toEqual([128, 128, 128]);
    const area = changed(image, annotated);
    expect(area.y_min).toBeLessThan(BOX.y_min - 10);
    expect(area.y_max).toBeLessThanOrEqual(BOX.y_max + 2);
  });

  it('has the mask tinted, a contour around it, and the rest untouched', () => {
    const image = grey(400, 300);
    const mask = disc(80, 80, 30);
    const plain = drawAnnotations(image, { anomalies: [crack(BOX)] });
    const tinted = drawAnnotations(image, { anomalies: [crack(BOX, { mask, maskAt: { x: 140, y: 120 } })] });
    const area = changed(plain, tinted);
    expect(area.x_min).toBeGreaterThanOrEqual(140 + 40 - 33);
    expect(area.x_max).toBeLessThanOrEqual(140 + 40 + 33);
    expect(pixelAt(tinted, 180, 160)[0]).toBeGreaterThan(150);
    // Half-transparent: the surface below stays visible.
    expect(pixelAt(tinted, 180, 160)[1]).toBeGreaterThan(70);
  });

  it('takes a mask of the whole picture without a place, and no other', () => {
    const image = grey(400, 300);
    const whole = { width: 400, height: 300, data: new Uint8Array(120_000) };
    whole.data.fill(1, 150 * 400 + 110, 150 * 400 + 200);
    const anomalies = [crack(BOX, { mask: whole })];
    expect(pixelAt(drawAnnotations(image, { anomalies }), 150, 150)).not.toEqual([128, 128, 128]);
    const small = [crack(BOX, { mask: disc(20, 20, 5) })];
    expect(() => drawAnnotations(image, { anomalies: small })).toThrow('needs its place, maskAt');
  });

  it('writes the size in millimetres where it is known', () => {
    const image = grey(400, 300);
    const draw = (geometry: AnnotatedAnomaly['geometry']) =>
      drawAnnotations(image, { anomalies: [crack(BOX, { geometry })] }).data;
    const pixels = draw({ length_pixels: 214, width_pixels: 3.1 });
    const both = draw({ length_pixels: 214, width_pixels: 3.1, length_mm: 107, width_mm: 1.6 });
    const onlyMm = draw({ length_mm: 107, width_mm: 1.6 });
    expect(both).toEqual(onlyMm);
    expect(both).not.toEqual(pixels);
    expect(draw({ length_pixels: 214, width_pixels: null })).toEqual(draw({}));
  });

  it('keeps the caption in a bar at the bottom and labels off it', () => {
    const image = grey(400, 300);
    const low = { x_min: 100, y_min: 1, x_max: 300, y_max: 276 };
    const bare = drawAnnotations(image, { anomalies: [], caption: 'demo · 412 ms' });
    const bar = changed(image, bare);
    expect(bar).toMatchObject({ x_min: 0, x_max: 400, y_max: 300 });
    expect(bar.y_min).toBeGreaterThan(260);
    const both = drawAnnotations(image, { anomalies: [crack(low)], caption: 'demo · 412 ms' });
    const cut = (picture: RgbImage) => picture.data.subarray((bar.y_min + 3) * 400 * 3);
    expect(cut(both)).toEqual(cut(bare));
  });

  it('draws structures dashed, under the defects', () => {
    const image = grey(400, 300);
    const structures = [
      { class_name: 'wall', confidence: 0.93, bbox: { x_min: 20, y_min: 30, x_max: 380, y_max: 260 } },
    ];
    const annotated = drawAnnotations(image, { anomalies: [], structures });
    const edge = Array.from({ length: 340 }, (_, i) => pixelAt(annotated, 30 + i, 259)[0] !== 128);
    expect(edge.filter(Boolean).length).toBeGreaterThan(120);
    expect(edge.filter(Boolean).length).toBeLessThan(220);
  });
});

describe('sizes', () => {
  it('of lines and letters grow with the picture', () => {
    const inked = (scale: number) => {
      const image = grey(400 * scale, 300 * scale);
      const bbox = { x_min: 100 * scale, y_min: 120 * scale, x_max: 260 * scale, y_max: 200 * scale };
      return changed(image, drawAnnotations(image, { anomalies: [crack(bbox)] })).count / image.data.length;
    };
    expect(inked(8) / inked(2.5)).toBeGreaterThan(0.8);
    expect(inked(8) / inked(2.5)).toBeLessThan(1.25);
  });

  it('down to one pixel are drawn without failing', () => {
    for (const [width, height] of [
      [1, 1],
      [3, 2],
      [40, 30],
      [500, 2],
      [2, 500],
    ] as const) {
      const bbox = { x_min: 0, y_min: 0, x_max: width, y_max: height };
      const mask = { width, height, data: new Uint8Array(width * height).fill(1) };
      const annotated = drawAnnotations(grey(width, height), {
        anomalies: [crack(bbox, { mask })],
        caption: 'demo',
      });
      expect(annotated.data.length).toBe(width * height * 3);
    }
  });

  it('of boxes that reach outside the picture are cut', () => {
    const image = grey(100, 80);
    const bbox = { x_min: -30.4, y_min: -3, x_max: 500, y_max: 79.6 };
    const annotated = drawAnnotations(image, { anomalies: [crack(bbox)] });
    expect(changed(image, annotated).count).toBeGreaterThan(80);
  });
});

describe('colours', () => {
  const CLASSES = [
    'crack',
    'corrosion',
    'spalling',
    'deformation',
    'stain',
    'efflorescence',
    'exposed_rebar',
    'delamination',
    'scaling',
    'popout',
    'honeycomb',
    'rust',
  ];

  it('of the classes of defects are all well apart', () => {
    const colors = CLASSES.map(colorOfClass);
    colors.forEach((color, index) => {
      for (const [other, name] of colors.slice(0, index).map((value, at) => [value, CLASSES[at]] as const)) {
        const distance = Math.hypot(color[0] - other[0], color[1] - other[1], color[2] - other[2]);
        expect(distance, `${CLASSES[index]} and ${name}`).toBeGreaterThan(60);
      }
    });
  });

  it('of unknown classes stay the same, whatever their name', () => {
    for (const name of ['moss', 'toString', '', 'Riß']) {
      expect(colorOfClass(name)).toEqual(colorOfClass(name));
      expect(colorOfClass(name)).toHaveLength(3);
    }
  });

  it('carry text that contrasts with them', () => {
    for (const color of CLASSES.map(colorOfClass)) {
      const luminance = ([red, green, blue]: readonly number[]) => {
        const linear = (value = 0) => (value / 255) ** 2.2;
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
      };
      const [dark, light] = [luminance(color), luminance(textColorOn(color))].sort((a, b) => a - b);
      expect(((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)).toBeGreaterThan(3);
    }
  });
});
