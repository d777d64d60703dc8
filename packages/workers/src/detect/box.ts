import type { BoundingBox } from '../media/raster.ts';

/** Arithmetic on half-open boxes; coordinates may be fractions of a pixel. */
export function boxArea(box: BoundingBox): number {
  return Math.max(0, box.x_max - box.x_min) * Math.max(0, box.y_max - box.y_min);
}

export function intersectionArea(a: BoundingBox, b: BoundingBox): number {
  const width = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
  const height = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union, 0 to 1; 0 for two empty boxes. */
export function intersectionOverUnion(a: BoundingBox, b: BoundingBox): number {
  const shared = intersectionArea(a, b);
  const union = boxArea(a) + boxArea(b) - shared;
  return union > 0 ? shared / union : 0;
}

export function boxCentre(box: BoundingBox): { x: number; y: number } {
  return { x: (box.x_min + box.x_max) / 2, y: (box.y_min + box.y_max) / 2 };
}

export function shiftBox(box: BoundingBox, dx: number, dy: number): BoundingBox {
  return { x_min: box.x_min + dx, y_min: box.y_min + dy, x_max: box.x_max + dx, y_max: box.y_max + dy };
}

/** The smallest box of whole pixels around a box, cut to the picture. */
export function toPixelBox(box: BoundingBox, width: number, height: number): BoundingBox {
  const clamp = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  return {
    x_min: clamp(Math.floor(box.x_min), width),
    y_min: clamp(Math.floor(box.y_min), height),
    x_max: clamp(Math.ceil(box.x_max), width),
    y_max: clamp(Math.ceil(box.y_max), height),
  };
}
