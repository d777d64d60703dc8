import type { Model } from '../engines/models.ts';
import type { BoundingBox } from '../media/raster.ts';
import type { Geometry } from './geometry/geometry.ts';
import type { SegmenterFallback } from './segmenter-fallback.ts';
import type { Structure } from './structures.ts';

/** The answer of a detect job: system-facing names as they go over the wire. */
export interface DetectResult {
  readonly frame_id: string;
  readonly image_size: { readonly width: number; readonly height: number };
  readonly anomalies: readonly Anomaly[];
  readonly anomaly_count: number;
  /** Detections of anomalies in whose box the segmenter found nothing; they are not among `anomalies`. */
  readonly unsegmented_count: number;
  readonly structures: readonly Structure[];
  readonly structure_count: number;
  readonly processing_time_ms: number;
  readonly detector_time_ms: number;
  readonly segmenter_time_ms: number;
  readonly models: { readonly detector: ModelCard; readonly segmenter: ModelCard };
}

export interface Anomaly {
  readonly anomaly_id: string;
  readonly defect_type: string;
  readonly structure_type: string | null;
  readonly structure_id: string | null;
  /** Box of the detector in whole pixels, half-open. */
  readonly bbox: BoundingBox;
  readonly geometry: Geometry;
  readonly confidence: Confidence;
  /** PNG of the whole picture's size, 255 where the anomaly is; only when masks were asked for. */
  readonly mask_base64?: string;
}

/** All 0 to 1. */
export interface Confidence {
  readonly detection: number;
  readonly segmentation: number;
  /** Geometric mean of the two; the match with a structure says nothing about the anomaly itself. */
  readonly combined: number;
  /** How sure the match with the structure is; null without one. */
  readonly association: number | null;
}

/** Which model made a result. */
export interface ModelCard {
  readonly id: string;
  readonly contract: string;
  readonly variant?: string;
  /** Made from synthetic data to try the product out: its findings mean nothing on real structures. */
  readonly demo: boolean;
  readonly licence?: string;
  readonly source?: string;
  /** The model that was wanted in its place, and why it is not used. */
  readonly fallback?: SegmenterFallback;
}

export interface MeasureResult {
  readonly instances: readonly { readonly bbox: BoundingBox; readonly geometry: Geometry }[];
}

export function modelCard(model: Model, fallback?: SegmenterFallback): ModelCard {
  const { id, contract, variant, licence, source } = model;
  return {
    id,
    contract,
    demo: model.isDemo,
    ...(variant === undefined ? {} : { variant }),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
    ...(fallback === undefined ? {} : { fallback }),
  };
}

export function combineConfidence(
  detection: number,
  segmentation: number,
  association: number | undefined,
): Confidence {
  return {
    detection: round(detection),
    segmentation: round(segmentation),
    combined: round(Math.sqrt(detection * segmentation)),
    association: association === undefined ? null : round(association),
  };
}

/** Four decimals: far below what any of the numbers is good for, and short to read. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

export function roundGeometry(geometry: Geometry): Geometry {
  const entries = Object.entries(geometry).map(([name, value]) => [name, roundDeep(value)]);
  return Object.fromEntries(entries);
}

function roundDeep(value: unknown): unknown {
  if (typeof value === 'number') {
    return round(value);
  }
  return Array.isArray(value) ? value.map(roundDeep) : value;
}
