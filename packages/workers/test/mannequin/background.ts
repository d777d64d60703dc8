import { type Canvas, drawStroke, type Rgb } from './canvas.ts';
import type { Chance } from './random.ts';

/** Rooms with clutter: pale floors and walls, shelves, boxes, poles. Nothing in them is as colourful as a marker. */
export function paleColour(chance: Chance, [low, high]: readonly [number, number] = [60, 215]): Rgb {
  const grey = chance.between(low, high);
  const tint = () => Math.min(235, grey * chance.between(0.84, 1.16));
  return [tint(), tint(), tint()];
}

export function drawRoom(canvas: Canvas, chance: Chance): void {
  const { widthPx, heightPx } = canvas;
  const horizon = Math.round(heightPx * chance.between(0.35, 0.8));
  fill(canvas, [0, 0, widthPx, horizon], paleColour(chance, [110, 215]));
  fill(canvas, [0, horizon, widthPx, heightPx], paleColour(chance, [70, 170]));
  const pieces = 4 + chance.below(14);
  for (let piece = 0; piece < pieces; piece++) drawPiece(canvas, chance);
}

function drawPiece(canvas: Canvas, chance: Chance): void {
  const { widthPx, heightPx } = canvas;
  const [x, y] = [chance.between(-0.05, 1) * widthPx, chance.between(-0.05, 1) * heightPx];
  const colour = paleColour(chance);
  const kind = chance.next();
  if (kind < 0.5) {
    const [wide, high] = [chance.between(0.02, 0.3) * widthPx, chance.between(0.02, 0.35) * heightPx];
    fill(canvas, [x, y, x + wide, y + high], colour);
    // Shelves, or the edge of a box.
    const lines = chance.below(5);
    const edge = paleColour(chance);
    for (let line = 1; line <= lines; line++) {
      const at = y + (high * line) / (lines + 1);
      fill(canvas, [x, at, x + wide, at + Math.max(1, high * 0.03)], edge);
    }
    return;
  }
  const scale = heightPx * chance.between(0.004, 0.05);
  const turn = kind < 0.75 ? Math.PI / 2 : chance.between(0, Math.PI);
  const length = heightPx * chance.between(0, 0.6);
  const to = { x: x + Math.cos(turn) * length, y: y + Math.sin(turn) * length };
  drawStroke(canvas, { from: { x, y }, to, radii: [scale, scale], colour, person: 0, shade: 0.2 });
}

function fill(canvas: Canvas, [left, top, right, bottom]: readonly number[], colour: Rgb): void {
  const { widthPx, heightPx, rgb } = canvas;
  const within = (value = 0, most = 0) => Math.min(most, Math.max(0, Math.round(value)));
  const [first, last] = [within(left, widthPx), within(right, widthPx)];
  const [red, green, blue] = colour;
  for (let y = within(top, heightPx); y < within(bottom, heightPx); y++) {
    for (let at = (y * widthPx + first) * 3; at < (y * widthPx + last) * 3; at += 3) {
      rgb[at] = red;
      rgb[at + 1] = green;
      rgb[at + 2] = blue;
    }
  }
}
