import { readFileSync } from 'node:fs';
import { type Canvas, drawStroke, type Rgb } from './canvas.ts';
import type { Figure, Spot } from './figure.ts';

/** Draws a figure: its body, then on top of it the coloured markers that the demo pose model knows. */
export interface Clothes {
  readonly skin: Rgb;
  readonly top: Rgb;
  readonly legs: Rgb;
  /** A box in the hands. */
  readonly load?: Rgb | undefined;
}

interface Marker {
  readonly name: string;
  readonly rgb: Rgb;
}

/** In COCO's order. */
export const MARKERS: readonly Marker[] = JSON.parse(
  readFileSync(new URL('./markers.json', import.meta.url), 'utf8'),
);

/** Shares of the height. A pale rim keeps a marker's colour from mixing with what lies beside it. */
const RADIUS = { face: 0.0115, body: 0.0155 } as const;
const RIM = 1.4;
const RIM_COLOUR: Rgb = [240, 240, 236];

export const markerRadius = (marker: number, heightPx: number) =>
  (marker < 5 ? RADIUS.face : RADIUS.body) * heightPx;

const at = (figure: Figure, index: number): Spot => figure.points[index] ?? { x: 0, y: 0 };
const middle = (a: Spot, b: Spot): Spot => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** @param person its number on the canvas, from 1. */
export function drawPerson(canvas: Canvas, figure: Figure, clothes: Clothes, person: number): void {
  const { heightPx, near } = figure;
  const stroke = (from: Spot, to: Spot, radii: readonly [number, number], colour: Rgb) =>
    drawStroke(canvas, {
      ...{ from, to, colour, person, shade: 0.25 },
      radii: [radii[0] * heightPx, radii[1] * heightPx],
    });
  // Left points have odd numbers.
  const limbs = (side: 'left' | 'right') => {
    const point = (index: number) => at(figure, side === 'left' ? index : index + 1);
    const tone = side === near ? 1 : 0.88;
    const dim = ([r, g, b]: Rgb): Rgb => [r * tone, g * tone, b * tone];
    return {
      leg() {
        stroke(point(11), point(13), [0.048, 0.036], dim(clothes.legs));
        stroke(point(13), point(15), [0.034, 0.025], dim(clothes.legs));
        stroke(point(15), figure.toes[side], [0.024, 0.018], dim([96, 92, 90]));
      },
      arm() {
        stroke(point(5), point(7), [0.032, 0.026], dim(clothes.top));
        stroke(point(7), point(9), [0.026, 0.02], dim(clothes.skin));
      },
    };
  };
  const [behind, before] = [limbs(near === 'left' ? 'right' : 'left'), limbs(near)];
  const [shoulders, hips] = [middle(at(figure, 5), at(figure, 6)), middle(at(figure, 11), at(figure, 12))];
  const half = Math.hypot(at(figure, 5).x - shoulders.x, at(figure, 5).y - shoulders.y) / heightPx;
  behind.arm();
  behind.leg();
  before.leg();
  stroke(shoulders, figure.head, [0.035, 0.035], clothes.skin);
  stroke(hips, shoulders, [0.055 + half * 0.3, 0.06 + half * 0.35], clothes.top);
  stroke(at(figure, 5), at(figure, 6), [0.04, 0.04], clothes.top);
  stroke(figure.head, figure.head, [0.078, 0.078], clothes.skin);
  if (clothes.load) {
    const hands = middle(at(figure, 9), at(figure, 10));
    stroke(
      { x: hands.x - 0.04 * heightPx, y: hands.y },
      { x: hands.x + 0.04 * heightPx, y: hands.y },
      [0.07, 0.07],
      clothes.load,
    );
  }
  before.arm();
  drawMarkers(canvas, figure, person);
}

function drawMarkers(canvas: Canvas, figure: Figure, person: number): void {
  const nearParity = figure.near === 'left' ? 1 : 0;
  // The nose lies in the middle; of the others those of the far side come first.
  const depth = (index: number) => (index === 0 ? 1 : index % 2 === nearParity ? 2 : 0);
  const order = MARKERS.map((_, index) => index).sort((a, b) => depth(a) - depth(b));
  for (const index of order) {
    const spot = at(figure, index);
    const radius = markerRadius(index, figure.heightPx);
    const disc = { from: spot, to: spot, person };
    drawStroke(canvas, { ...disc, radii: [radius * RIM, radius * RIM], colour: RIM_COLOUR });
    const colour = MARKERS[index]?.rgb ?? [0, 0, 0];
    drawStroke(canvas, { ...disc, radii: [radius, radius], colour, marker: index + 1 });
  }
}
