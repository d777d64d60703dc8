import { describe, expect, it } from 'vitest';
import type { RgbImage } from './raster.ts';
import { GLYPHS } from './stroke-font.ts';
import { createTypeface } from './typeface.ts';

const WHITE = { color: [255, 255, 255], alpha: 1 } as const;

function written(text: string, scale: number, width = 200, height = 60): RgbImage {
  const image = { width, height, data: new Uint8Array(width * height * 3) };
  createTypeface(scale).write(image, text, 10, 10, WHITE);
  return image;
}

function inked(image: RgbImage): {
  left: number;
  right: number;
  top: number;
  bottom: number;
  pixels: number;
} {
  const found = {
    left: Number.POSITIVE_INFINITY,
    right: -1,
    top: Number.POSITIVE_INFINITY,
    bottom: -1,
    pixels: 0,
  };
  image.data.forEach((value, i) => {
    if (value < 128 || i % 3 > 0) return;
    const [x, y] = [(i / 3) % image.width, Math.floor(i / 3 / image.width)];
    found.left = Math.min(found.left, x);
    found.right = Math.max(found.right, x);
    found.top = Math.min(found.top, y);
    found.bottom = Math.max(found.bottom, y);
    found.pixels++;
  });
  return found;
}

describe('the typeface', () => {
  it('has a glyph for every printable ASCII character and for the signs of measurements', () => {
    const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
    for (const character of [...ascii, '×', '±', 'µ', '°', '·', '…']) {
      expect(Object.hasOwn(GLYPHS, character), character).toBe(true);
    }
  });

  it('draws every glyph differently from every other', () => {
    const drawings = Object.keys(GLYPHS).map((character) =>
      Buffer.from(written(character, 1).data).toString('base64'),
    );
    expect(new Set(drawings).size).toBe(drawings.length);
  });

  it('has the measured width and height of capitals at every scale', () => {
    for (const scale of [1, 1.3, 2, 2.75]) {
      const typeface = createTypeface(scale);
      const ink = inked(written('HUH', scale));
      expect(ink.left, `scale ${scale}`).toBe(10);
      expect(ink.top, `scale ${scale}`).toBe(10);
      expect(ink.bottom - ink.top + 1, `scale ${scale}`).toBe(typeface.capHeight);
      expect(ink.right - ink.left + 1, `scale ${scale}`).toBe(typeface.measure('HUH'));
    }
  });

  it('has sharp stems and bars at every scale', () => {
    for (const scale of [1, 1.3, 1.7, 2, 3.4]) {
      const { data } = written('HELT', scale, 300, 80);
      const soft = data.filter((value) => value > 0 && value < 255).length;
      // Only the round ends of a pen may be smooth.
      expect(soft / data.filter((value) => value > 0).length, `scale ${scale}`).toBeLessThan(0.2);
    }
  });

  it('gives all digits the same width', () => {
    const typeface = createTypeface(1.5);
    expect(new Set([...'0123456789'].map((digit) => typeface.measure(digit))).size).toBe(1);
  });

  it('writes letters with accents without them, and a box for what it does not know', () => {
    expect(written('Größe é', 1).data).toEqual(written('Gro□e e', 1).data);
    expect(inked(written('漢', 1)).pixels).toBeGreaterThan(20);
  });

  it('shortens a text to the width that there is', () => {
    const typeface = createTypeface(1);
    const text = 'demo-detector · 412 ms';
    expect(typeface.fit(text, typeface.measure(text))).toBe(text);
    const shortened = typeface.fit(text, 80);
    expect(shortened).toMatch(/^demo-.*…$/);
    expect(typeface.measure(shortened)).toBeLessThanOrEqual(80);
    expect(typeface.fit(text, 3)).toBe('');
  });

  it('writes what lies outside the picture nowhere', () => {
    const image = { width: 20, height: 8, data: new Uint8Array(480) };
    createTypeface(1).write(image, 'WWWWWWWW', -30, -4, WHITE);
    createTypeface(1).write(image, 'W', 500, 500, WHITE);
    expect(inked(image).pixels).toBeGreaterThan(0);
  });
});
