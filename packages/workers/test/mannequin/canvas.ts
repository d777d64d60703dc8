import type { Spot } from './figure.ts';

/** Draws with smooth edges into RGB pixels, and keeps which person and which marker each pixel shows. */
export type Rgb = readonly [number, number, number];

export interface Canvas {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8ClampedArray;
  /** Number of the person that a pixel shows, from 1; 0 is none. */
  readonly people: Uint8Array;
  /** Number of that person's marker, from 1. */
  readonly markers: Uint8Array;
}

export function createCanvas(widthPx: number, heightPx: number): Canvas {
  const size = widthPx * heightPx;
  return {
    ...{ widthPx, heightPx },
    rgb: new Uint8ClampedArray(size * 3),
    people: new Uint8Array(size),
    markers: new Uint8Array(size),
  };
}

/** A line with round ends, as wide at each end as its radius there says. */
export interface Stroke {
  readonly from: Spot;
  readonly to: Spot;
  readonly radii: readonly [number, number];
  readonly colour: Rgb;
  readonly person: number;
  readonly marker?: number;
  /** How much darker its edges are, 0 to 1. */
  readonly shade?: number;
}

export function drawStroke(canvas: Canvas, stroke: Stroke): void {
  const { from, to, radii, colour, person, marker = 0, shade = 0 } = stroke;
  const { widthPx, heightPx, rgb } = canvas;
  const widest = Math.max(...radii) + 1;
  const [left, right] = [Math.min(from.x, to.x) - widest, Math.max(from.x, to.x) + widest];
  const [top, bottom] = [Math.min(from.y, to.y) - widest, Math.max(from.y, to.y) + widest];
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const squared = dx * dx + dy * dy;
  const lastY = Math.min(heightPx - 1, Math.ceil(bottom));
  const lastX = Math.min(widthPx - 1, Math.ceil(right));
  for (let y = Math.max(0, Math.floor(top)); y <= lastY; y++) {
    for (let x = Math.max(0, Math.floor(left)); x <= lastX; x++) {
      const [px, py] = [x - from.x, y - from.y];
      const part = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      const radius = radii[0] + (radii[1] - radii[0]) * part;
      const distance = Math.hypot(px - part * dx, py - part * dy);
      const cover = Math.min(1, radius + 0.5 - distance);
      if (cover <= 0) continue;
      const at = y * widthPx + x;
      const light = 1 - shade * Math.min(1, distance / radius) ** 2;
      for (let channel = 0; channel < 3; channel++) {
        const before = rgb[at * 3 + channel] ?? 0;
        rgb[at * 3 + channel] = before + ((colour[channel] ?? 0) * light - before) * cover;
      }
      if (cover < 0.5) continue;
      canvas.people[at] = person;
      canvas.markers[at] = marker;
    }
  }
}
