// Where labels go: beside the box they belong to, inside the picture, off each other. Pure geometry in whole pixels.

import type { BoundingBox } from './raster.ts';

export interface LabelRequest {
  /** The box that the label belongs to. */
  readonly anchor: BoundingBox;
  /** Sizes to try, best first: the full text, shorter ones. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
}

export interface LabelPlace {
  /** Index into the request's `sizes`. */
  readonly size: number;
  readonly box: BoundingBox;
}

export interface LabelArea {
  readonly width: number;
  readonly height: number;
  /** Boxes that labels must keep off, such as a caption bar. */
  readonly taken: readonly BoundingBox[];
  /** Pixels between a label and its box. */
  readonly gap: number;
}

/** A label that would lie this much under others is left out: two texts on each other read as none. */
const MOST_OVERLAP = 0.25;

/** A place for each request in order, so that the first ones get the best; undefined where none is left. */
export function placeLabels(requests: readonly LabelRequest[], area: LabelArea): (LabelPlace | undefined)[] {
  const taken = [...area.taken];
  const anchors = requests.map((request) => request.anchor);
  return requests.map((request) => {
    const place = bestPlace(request, anchors, taken, area);
    if (place) taken.push(place.box);
    return place;
  });
}

function bestPlace(
  { anchor, sizes }: LabelRequest,
  anchors: readonly BoundingBox[],
  taken: readonly BoundingBox[],
  area: LabelArea,
): LabelPlace | undefined {
  let best: (LabelPlace & { overlap: number }) | undefined;
  for (const [size, { width, height }] of sizes.entries()) {
    if (width > area.width || height > area.height) continue;
    const boxes = candidateBoxes(anchor, width, height, area);
    const rated = boxes.map((box, rank) => ({ box, ...rate(box, rank, anchors, taken) }));
    rated.sort((a, b) => a.overlap - b.overlap || a.cost - b.cost);
    const [first] = rated;
    if (!first) continue;
    if (first.overlap === 0) return { size, box: first.box };
    if (!best || first.overlap < best.overlap) best = { size, box: first.box, overlap: first.overlap };
  }
  return best && best.overlap <= MOST_OVERLAP ? { size: best.size, box: best.box } : undefined;
}

/** `overlap`: share of the label under other labels. `cost`: how far down the list, and how much of the boxes is hidden. */
function rate(
  box: BoundingBox,
  rank: number,
  anchors: readonly BoundingBox[],
  taken: readonly BoundingBox[],
): { overlap: number; cost: number } {
  const own = shared(box, box);
  const overlap = taken.reduce((sum, other) => sum + shared(box, other), 0) / own;
  // A small box may vanish whole under a label, a large one loses little.
  const hidden = anchors.reduce(
    (sum, other) => sum + shared(box, other) / Math.min(own, shared(other, other)),
    0,
  );
  return { overlap, cost: rank + 6 * Math.min(2, hidden) };
}

/** Around the anchor, nearest and most usual first: above, below, inside, beside, then further away. */
function candidateBoxes(anchor: BoundingBox, width: number, height: number, area: LabelArea): BoundingBox[] {
  const { gap } = area;
  const [left, right] = [Math.round(anchor.x_min), Math.round(anchor.x_max)];
  const [top, bottom] = [Math.round(anchor.y_min), Math.round(anchor.y_max)];
  const [above, below] = [top - gap - height, bottom + gap];
  const corners: [x: number, y: number][] = [
    [left, above],
    [right - width, above],
    [left, below],
    [right - width, below],
    [right + gap, top],
    [left - gap - width, top],
    [right + gap, bottom - height],
    [left - gap - width, bottom - height],
    [left + gap, top + gap],
    [left + gap, bottom - gap - height],
  ];
  for (let step = 1; step <= 4; step++) {
    const shift = step * (height + gap);
    corners.push(
      [left, above - shift],
      [left, below + shift],
      [right + gap, top + shift],
      [left, top + shift],
    );
  }
  return corners.map(([x, y]) => {
    const x_min = clamp(x, area.width - width, gap);
    const y_min = clamp(y, area.height - height, gap);
    return { x_min, y_min, x_max: x_min + width, y_max: y_min + height };
  });
}

/** Between 0 and `limit`, off both ends by `margin` where there is room. */
function clamp(value: number, limit: number, margin: number): number {
  const inset = Math.min(margin, Math.floor(limit / 2));
  return Math.max(inset, Math.min(limit - inset, value));
}

function shared(a: BoundingBox, b: BoundingBox): number {
  const width = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
  const height = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
  return width > 0 && height > 0 ? width * height : 0;
}
