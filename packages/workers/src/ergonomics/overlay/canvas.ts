import type { Point } from '../../media/coverage.ts';
import type { BoundingBox, RgbImage } from '../../media/raster.ts';
import { fillRect, type Ink, strokePolyline } from '../../media/rasterizer.ts';
import type { Typeface } from '../../media/typeface.ts';

/**
 * What skeletons and panels are drawn with: an RGB picture here, a video frame in YUV 4:2:0 by `createYuvCanvas` of
 * `video/draw`. Positions are in pixels; what lies outside is cut off.
 */
export interface Canvas {
  /** Whole pixels of a half-open box. */
  fillBox(box: BoundingBox, ink: Ink): void;
  /** A line through points, round at its ends and corners. */
  strokePolyline(points: readonly Point[], thickness: number, ink: Ink): void;
  fillDisc(center: Point, radius: number, ink: Ink): void;
  /** One line of text with the top of its capitals at `top`. */
  write(typeface: Typeface, text: string, left: number, top: number, ink: Ink): void;
}

/** Draws into the picture itself. */
export const createRgbCanvas = (image: RgbImage): Canvas => ({
  fillBox: (box, ink) => fillRect(image, box, ink),
  strokePolyline: (points, thickness, ink) => strokePolyline(image, points, thickness, ink),
  fillDisc: (center, radius, ink) => strokePolyline(image, [center], 2 * radius, ink),
  write: (typeface, text, left, top, ink) => typeface.write(image, text, left, top, ink),
});
