// A picture with its measured defects drawn in: tinted masks with a contour, boxes, labels with length and width, and a
// caption at the bottom. Same size as the picture; lines and letters grow with it.

import { colorOfClass, STRUCTURE_COLOR, textColorOn } from './class-colors.ts';
import { type LabelRequest, placeLabels } from './label-layout.ts';
import { loadSharp } from './load-sharp.ts';
import type { BoundingBox, Mask, RgbImage } from './raster.ts';
import {
  blendMask,
  type Color,
  fillRect,
  fillRoundedRect,
  type MaskOnPicture,
  strokeMask,
  strokePolyline,
  strokeRect,
} from './rasterizer.ts';
import { createTypeface, type Typeface } from './typeface.ts';

/** The part of a detection's answer that is drawn. */
export interface AnnotatedResult {
  readonly anomalies: readonly AnnotatedAnomaly[];
  readonly structures?: readonly AnnotatedStructure[] | undefined;
  /** One line at the bottom, such as the model and the time. */
  readonly caption?: string | undefined;
}

export interface AnnotatedAnomaly {
  readonly defect_type: string;
  readonly bbox: BoundingBox;
  readonly geometry: {
    readonly length_pixels?: number | null | undefined;
    readonly width_pixels?: number | null | undefined;
    readonly length_mm?: number | null | undefined;
    readonly width_mm?: number | null | undefined;
  };
  readonly confidence: { readonly combined: number };
  readonly mask?: Mask | undefined;
  /** Where the mask's corner lies in the picture; without it the mask covers the picture from (0, 0). */
  readonly maskAt?: { readonly x: number; readonly y: number } | undefined;
}

export interface AnnotatedStructure {
  readonly class_name: string;
  readonly confidence: number;
  readonly bbox: BoundingBox;
}

/** The annotated picture as a PNG. */
export async function renderAnnotated(image: RgbImage, result: AnnotatedResult): Promise<Uint8Array> {
  const { width, height, data } = drawAnnotations(image, result);
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 4 })
    .toBuffer();
}

/** The annotated picture; `image` stays as it is. */
export function drawAnnotations(image: RgbImage, result: AnnotatedResult): RgbImage {
  const canvas = { width: image.width, height: image.height, data: image.data.slice() };
  const style = styleFor(image);
  for (const structure of result.structures ?? []) drawStructure(canvas, structure.bbox, style);
  for (const anomaly of result.anomalies) drawMask(canvas, anomaly, style);
  for (const anomaly of result.anomalies) drawBox(canvas, anomaly, style);
  const caption = captionBox(canvas, result.caption, style);
  drawLabels(canvas, listLabels(result), caption ? [caption] : [], style);
  if (caption && result.caption) drawCaption(canvas, caption, result.caption, style);
  return canvas;
}

interface Style {
  readonly scale: number;
  readonly line: number;
  readonly padding: number;
  readonly typeface: Typeface;
}

/** Everything grows with the picture's side: capitals of 11 pixels at 400 x 300, of 50 at 4000 x 3000. */
const SIDE_AT_SCALE_1 = 800;
const LARGEST_SCALE = 12;

function styleFor({ width, height }: RgbImage): Style {
  const scale = Math.min(LARGEST_SCALE, Math.max(1, Math.sqrt(width * height) / SIDE_AT_SCALE_1));
  return {
    scale,
    line: Math.max(1, Math.round(1.5 * scale)),
    padding: Math.round(4 * scale),
    typeface: createTypeface(scale),
  };
}

function drawMask(canvas: RgbImage, anomaly: AnnotatedAnomaly, style: Style): void {
  if (!anomaly.mask) return;
  const fits = anomaly.mask.width === canvas.width && anomaly.mask.height === canvas.height;
  if (!anomaly.maskAt && !fits) {
    throw new RangeError('a mask that is not as large as the picture needs its place, maskAt');
  }
  const placed: MaskOnPicture = { mask: anomaly.mask, ...(anomaly.maskAt ?? { x: 0, y: 0 }) };
  const color = colorOfClass(anomaly.defect_type);
  blendMask(canvas, placed, { color, alpha: 0.36 });
  strokeMask(canvas, placed, Math.max(1, Math.round(style.scale)), { color, alpha: 0.9 });
}

function drawBox(canvas: RgbImage, anomaly: AnnotatedAnomaly, style: Style): void {
  const box = wholePixels(anomaly.bbox);
  const halo = grow(box, Math.max(1, Math.round(style.scale / 2)));
  strokeRect(canvas, halo, halo.x_max - box.x_max, { color: [0, 0, 0], alpha: 0.35 });
  strokeRect(canvas, box, style.line, { color: colorOfClass(anomaly.defect_type), alpha: 0.95 });
}

/** Dashes, so that a structure is never taken for a defect. */
function drawStructure(canvas: RgbImage, bbox: BoundingBox, style: Style): void {
  const box = wholePixels(bbox);
  const dash = Math.round(9 * style.scale);
  const ink = { color: STRUCTURE_COLOR, alpha: 0.85 };
  for (let x = box.x_min; x < box.x_max; x += 2 * dash) {
    const x_max = Math.min(box.x_max, x + dash);
    fillRect(canvas, { x_min: x, x_max, y_min: box.y_min, y_max: box.y_min + style.line }, ink);
    fillRect(canvas, { x_min: x, x_max, y_min: box.y_max - style.line, y_max: box.y_max }, ink);
  }
  for (let y = box.y_min; y < box.y_max; y += 2 * dash) {
    const y_max = Math.min(box.y_max, y + dash);
    fillRect(canvas, { y_min: y, y_max, x_min: box.x_min, x_max: box.x_min + style.line }, ink);
    fillRect(canvas, { y_min: y, y_max, x_min: box.x_max - style.line, x_max: box.x_max }, ink);
  }
}

interface Label {
  readonly anchor: BoundingBox;
  readonly color: Color;
  /** Best first; a shorter one stands in where there is no room. */
  readonly texts: readonly string[];
}

/** Defects before structures, the surest first: the first ones get the best places. */
function listLabels(result: AnnotatedResult): Label[] {
  const anomalies = [...result.anomalies].sort((a, b) => b.confidence.combined - a.confidence.combined);
  const defects = anomalies.map((anomaly) => {
    const name = anomaly.defect_type.replaceAll('_', ' ');
    const score = anomaly.confidence.combined.toFixed(2);
    const size = describeSize(anomaly.geometry);
    const texts = [
      ...(size ? [`${name} ${size} ${score}`, `${name} ${size}`] : []),
      `${name} ${score}`,
      name,
    ];
    return { anchor: wholePixels(anomaly.bbox), color: colorOfClass(anomaly.defect_type), texts };
  });
  const structures = (result.structures ?? []).map((structure) => {
    const name = structure.class_name.replaceAll('_', ' ');
    const texts = [`${name} ${structure.confidence.toFixed(2)}`, name];
    return { anchor: wholePixels(structure.bbox), color: STRUCTURE_COLOR, texts };
  });
  return [...defects, ...structures];
}

/** `214 × 3.1 px`, in millimetres where the scale is known; undefined where nothing was measured. */
function describeSize(geometry: AnnotatedAnomaly['geometry']): string | undefined {
  const { length_mm, width_mm, length_pixels, width_pixels } = geometry;
  const inMm = typeof length_mm === 'number' && typeof width_mm === 'number';
  const [length, width, unit] = inMm ? [length_mm, width_mm, 'mm'] : [length_pixels, width_pixels, 'px'];
  if (typeof length !== 'number' || typeof width !== 'number') return undefined;
  return `${formatSize(length)} × ${formatSize(width)} ${unit}`;
}

/** Three figures at most: more would claim a precision that no mask has. */
function formatSize(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 0.995 ? value.toFixed(1) : value.toFixed(2);
}

function drawLabels(
  canvas: RgbImage,
  labels: readonly Label[],
  taken: readonly BoundingBox[],
  style: Style,
): void {
  const { typeface, padding, scale } = style;
  const height = typeface.capHeight + Math.round(typeface.descent / 2) + 2 * Math.round(padding * 0.8);
  const sizeOf = (text: string) => ({ width: typeface.measure(text) + 2 * padding, height });
  const requests: LabelRequest[] = labels.map(({ anchor, texts }) => ({ anchor, sizes: texts.map(sizeOf) }));
  const gap = Math.max(1, Math.round(2 * scale));
  const places = placeLabels(requests, { width: canvas.width, height: canvas.height, taken, gap });
  labels.forEach(({ anchor, color, texts }, index) => {
    const place = places[index];
    const text = place && texts[place.size];
    if (!place || text === undefined) return;
    drawLeader(canvas, place.box, anchor, color, style);
    fillRoundedRect(canvas, place.box, 3 * scale, { color, alpha: 0.92 });
    const top = place.box.y_min + Math.round(padding * 0.8);
    typeface.write(canvas, text, place.box.x_min + padding, top, { color: textColorOn(color), alpha: 1 });
  });
}

/** A line from a label to its box where other labels pushed it away. */
function drawLeader(
  canvas: RgbImage,
  label: BoundingBox,
  anchor: BoundingBox,
  color: Color,
  style: Style,
): void {
  const away = Math.max(anchor.y_min - label.y_max, label.y_min - anchor.y_max);
  const aside = Math.max(anchor.x_min - label.x_max, label.x_min - anchor.x_max);
  if (Math.max(away, aside) <= label.y_max - label.y_min) return;
  const x = Math.min(Math.max(label.x_min + style.padding, anchor.x_min), anchor.x_max);
  const y = away > 0 && label.y_min >= anchor.y_max ? anchor.y_max : anchor.y_min;
  const from = { x: label.x_min + style.padding, y: (label.y_min + label.y_max) / 2 };
  strokePolyline(canvas, [from, { x, y }], style.line, { color, alpha: 0.9 });
}

/** The bar of the caption; undefined without one, and where it would cover a quarter of the picture. */
function captionBox(canvas: RgbImage, caption: string | undefined, style: Style): BoundingBox | undefined {
  const height = style.typeface.capHeight + style.typeface.descent + 2 * style.padding;
  if (!caption || height * 4 > canvas.height) return undefined;
  return { x_min: 0, y_min: canvas.height - height, x_max: canvas.width, y_max: canvas.height };
}

function drawCaption(
  canvas: RgbImage,
  bar: BoundingBox,
  caption: string,
  { typeface, padding }: Style,
): void {
  fillRect(canvas, bar, { color: [12, 14, 18], alpha: 0.72 });
  const text = typeface.fit(caption, canvas.width - 4 * padding);
  typeface.write(canvas, text, 2 * padding, bar.y_min + padding, { color: [240, 243, 247], alpha: 1 });
}

function wholePixels(box: BoundingBox): BoundingBox {
  return {
    x_min: Math.round(box.x_min),
    y_min: Math.round(box.y_min),
    x_max: Math.max(Math.round(box.x_min) + 1, Math.round(box.x_max)),
    y_max: Math.max(Math.round(box.y_min) + 1, Math.round(box.y_max)),
  };
}

function grow(box: BoundingBox, margin: number): BoundingBox {
  return {
    x_min: box.x_min - margin,
    y_min: box.y_min - margin,
    x_max: box.x_max + margin,
    y_max: box.y_max + margin,
  };
}
