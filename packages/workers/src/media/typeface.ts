// Writes the stroke font into pictures at one size. Glyphs are rendered once and kept with the typeface.

import { type Coverage, coverSegment, createCoverage, type Point } from './coverage.ts';
import type { RgbImage } from './raster.ts';
import { blendCoverage, type Ink } from './rasterizer.ts';
import {
  CAP_HEIGHT,
  DESCENT,
  DIGIT_WIDTH,
  GLYPHS,
  LETTER_GAP,
  MISSING_GLYPH,
  SPACE_WIDTH,
} from './stroke-font.ts';

export interface Typeface {
  /** Height of capitals in pixels. */
  readonly capHeight: number;
  /** Pixels below the baseline. */
  readonly descent: number;
  /** Width of the text in pixels, without a gap after its last glyph. */
  measure(text: string): number;
  /** The glyphs of one line with the top of its capitals at `top`. */
  place(text: string, left: number, top: number): Coverage[];
  /** Writes such a line into a picture. */
  write(image: RgbImage, text: string, left: number, top: number, ink: Ink): void;
  /** The text, or its beginning and an ellipsis, at most `width` pixels wide; empty when nothing fits. */
  fit(text: string, width: number): string;
}

interface Glyph {
  /** Window relative to the glyph's origin. */
  readonly coverage: Coverage | undefined;
  readonly width: number;
}

/** @param scale 1 gives capitals 10 to 11 pixels high. */
export function createTypeface(scale: number): Typeface {
  const pen = Math.max(1, Math.round(scale * 1.4));
  const gap = Math.max(1, Math.round(LETTER_GAP * scale - (pen - scale)));
  const glyphs = new Map<string, Glyph>();
  const glyphOf = (character: string): Glyph => {
    const known = glyphs.get(character);
    if (known) return known;
    const glyph = renderGlyph(character, scale, pen);
    glyphs.set(character, glyph);
    return glyph;
  };
  const measure = (text: string) => {
    const line = writable(text).reduce((width, character) => width + glyphOf(character).width + gap, -gap);
    return Math.max(0, line);
  };
  const place = (text: string, left: number, top: number) => {
    const placed: Coverage[] = [];
    let x = left;
    for (const character of writable(text)) {
      const { coverage, width } = glyphOf(character);
      if (coverage) placed.push({ ...coverage, x: coverage.x + x, y: coverage.y + top });
      x += width + gap;
    }
    return placed;
  };
  return {
    capHeight: Math.round(CAP_HEIGHT * scale) + pen,
    descent: Math.round(DESCENT * scale),
    measure,
    place,
    write(image, text, left, top, ink) {
      for (const coverage of place(text, left, top)) blendCoverage(image, coverage, ink);
    },
    fit(text, width) {
      if (measure(text) <= width) return text;
      for (let length = text.length - 1; length > 0; length--) {
        const shortened = `${text.slice(0, length).trimEnd()}…`;
        if (measure(shortened) <= width) return shortened;
      }
      return '';
    },
  };
}

/** Characters that can be drawn; letters with accents lose them. */
function writable(text: string): string[] {
  return [...text.normalize('NFC')].flatMap((character) => {
    if (character === ' ' || character in GLYPHS) return [character];
    return [...character.normalize('NFKD').replace(/\p{M}/gu, '')];
  });
}

function renderGlyph(character: string, scale: number, pen: number): Glyph {
  if (/\s/.test(character)) return { coverage: undefined, width: Math.round(SPACE_WIDTH * scale) };
  const strokes = flatten(GLYPHS[character] ?? MISSING_GLYPH, scale, pen);
  const points = strokes.flat();
  const right = Math.max(...points.map((point) => point.x)) + pen / 2;
  const top = Math.floor(Math.min(...points.map((point) => point.y)) - pen / 2) - 1;
  const bottom = Math.ceil(Math.max(...points.map((point) => point.y)) + pen / 2) + 1;
  const width = /\d/.test(character) ? Math.round(DIGIT_WIDTH * scale) + pen : Math.ceil(right);
  const coverage = createCoverage(-1, top, Math.ceil(right) + 2, bottom - top);
  for (const stroke of strokes) {
    stroke.forEach((point, index) => {
      if (index > 0) coverSegment(coverage, stroke[index - 1] ?? point, point, pen / 2);
    });
  }
  return { coverage, width };
}

/** Straight pieces per curve: enough for capitals of a hundred pixels. */
const PIECES = 10;

/**
 * Strokes of a path as points in pixels. Each coordinate goes to a whole pixel plus half the pen, so that stems and bars
 * have sharp edges at any scale.
 */
function flatten(path: string, scale: number, pen: number): Point[][] {
  const strokes: Point[][] = [];
  const snap = (unit: number) => Math.round(unit * scale) + pen / 2;
  for (const [, command, numbers = ''] of path.matchAll(/([MLQ])([^MLQ]*)/g)) {
    const [x = 0, y = 0, endX = 0, endY = 0] = numbers
      .trim()
      .split(' ')
      .map((text) => snap(Number(text)));
    const stroke = strokes.at(-1) ?? [];
    const from = stroke.at(-1) ?? { x, y };
    if (command === 'M') strokes.push([{ x, y }]);
    else if (command === 'L') stroke.push({ x, y });
    else {
      for (let piece = 1; piece <= PIECES; piece++) {
        stroke.push(onCurve(from, { x, y }, { x: endX, y: endY }, piece / PIECES));
      }
    }
  }
  return strokes;
}

function onCurve(from: Point, control: Point, to: Point, t: number): Point {
  const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
  return { x: a * from.x + b * control.x + c * to.x, y: a * from.y + b * control.y + c * to.y };
}
