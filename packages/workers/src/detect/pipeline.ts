import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Model } from '../engines/models.ts';
import type { RequestContext } from '../engines/serve-thread.ts';
import { decodeBase64Image } from '../media/base64-image.ts';
import { decodeImage } from '../media/image.ts';
import { decodeMaskPng, encodeMaskPng } from '../media/mask-png.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import { boxArea, shiftBox, toPixelBox } from './box.ts';
import { isLineLike, isStructureClass } from './classes.ts';
import { measureInstances, measureMask } from './geometry/geometry.ts';
import { fitToPicture, type PlacedMask, placeOnPicture } from './placed-mask.ts';
import {
  type Anomaly,
  combineConfidence,
  type DetectResult,
  type MeasureResult,
  modelCard,
  round,
  roundGeometry,
} from './result.ts';
import type { Detector } from './rf-detr.ts';
import type { Segmenter } from './sam.ts';
import type { SegmenterFallback } from './segmenter-fallback.ts';
import { type MatchingRule, matchStructure, type Structure } from './structures.ts';
import { cutViews, fromView, mergeDetections, type TilingOptions, type ViewDetection } from './tiling.ts';

/**
 * A picture in, measured defects out: decode, detect, segment, measure. It runs inside an inference thread from end to
 * end, one picture at a time; progress goes out and a cancellation comes in between its steps.
 */
export interface DetectRequest {
  readonly action: 'detect';
  /** Base64 or data URL. */
  readonly image: string;
  readonly frameId?: string | undefined;
  readonly includeMasks: boolean;
  readonly threshold: number;
  readonly mmPerPixel?: number | undefined;
}

export interface MeasureRequest {
  readonly action: 'measure';
  readonly mask: string;
  readonly mmPerPixel?: number | undefined;
}

export interface PipelineParts {
  readonly detector: Detector;
  readonly segmenter: Segmenter;
  readonly models: {
    readonly detector: Model;
    readonly segmenter: Model;
    readonly fallback?: SegmenterFallback | undefined;
  };
  readonly tiling: TilingOptions;
  readonly matching: MatchingRule;
  /** Eight hex digits, new each time. */
  readonly randomHex: () => string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface Progress {
  readonly stage: 'decode' | 'detect' | 'segment' | 'measure';
  /** Of the whole job, 0 to 100. */
  readonly percent: number;
}

/** Where each stage begins, percent of the job. */
const STAGE_START = { decode: 0, detect: 5, segment: 30, measure: 85 } as const;

interface Segmented {
  readonly detection: ViewDetection;
  readonly score: number;
  /** In the coordinates of the picture. */
  readonly placed: PlacedMask;
}

export interface Pipeline {
  detect(request: DetectRequest, context: RequestContext): Promise<DetectResult>;
  measure(request: MeasureRequest): Promise<MeasureResult>;
  /** One empty picture through every step, so that code is compiled and memory taken before the first job. */
  warmUp(signal: AbortSignal): Promise<void>;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  return {
    detect: (request, context) => runDetect(parts, request, context),
    async measure({ mask, mmPerPixel }) {
      const pixels = await decodeMaskPng(decodeBase64Image(mask, undefined, 'mask'));
      const instances = measureInstances(pixels, { mmPerPixel });
      return {
        instances: instances.map(({ bbox, geometry }) => ({ bbox, geometry: roundGeometry(geometry) })),
      };
    },
    warmUp: (signal) => warmUp(parts, signal),
  };
}

async function runDetect(
  parts: PipelineParts,
  request: DetectRequest,
  context: RequestContext,
): Promise<DetectResult> {
  const { now, randomHex } = parts;
  const stage = (name: Progress['stage']) => enterStage(context, name);
  const startedAt = now();
  await stage('decode');
  const image = await decodeImage(decodeBase64Image(request.image));
  await stage('detect');
  const detectStartedAt = now();
  const detections = await detectEverywhere(parts, image, request.threshold, context);
  await stage('segment');
  const segmentStartedAt = now();
  const defects = detections.filter((detection) => !isStructureClass(detection.label));
  const segmented = await segmentAll(parts, image, defects, context);
  await stage('measure');
  const segmentEndedAt = now();
  const structures = detections
    .filter((detection) => isStructureClass(detection.label))
    .map((detection) => describeStructure(detection, image, `det_${randomHex()}`));
  const anomalies: Anomaly[] = [];
  for (const entry of segmented) {
    context.signal.throwIfAborted();
    anomalies.push(await describeAnomaly(parts, request, image, entry, structures));
  }
  return {
    frame_id: request.frameId ?? `frame_${randomHex()}`,
    image_size: { width: image.width, height: image.height },
    anomalies,
    anomaly_count: anomalies.length,
    unsegmented_count: defects.length - segmented.length,
    structures,
    structure_count: structures.length,
    processing_time_ms: roundMs(now() - startedAt),
    detector_time_ms: roundMs(segmentStartedAt - detectStartedAt),
    segmenter_time_ms: roundMs(segmentEndedAt - segmentStartedAt),
    models: {
      detector: modelCard(parts.models.detector),
      segmenter: modelCard(parts.models.segmenter, parts.models.fallback),
    },
  };
}

/** Reports the stage and gives the thread a turn, in which a cancellation arrives. */
async function enterStage(context: RequestContext, stage: Progress['stage'], share = 0): Promise<void> {
  const starts = Object.values(STAGE_START);
  const start = STAGE_START[stage];
  const end = starts.find((next) => next > start) ?? 100;
  const progress: Progress = { stage, percent: Math.round(start + (end - start) * share) };
  context.progress(progress);
  await nextTurn();
  context.signal.throwIfAborted();
}

async function detectEverywhere(
  { detector, tiling }: PipelineParts,
  image: RgbImage,
  threshold: number,
  context: RequestContext,
): Promise<ViewDetection[]> {
  const views = cutViews(image.width, image.height, tiling);
  const found: ViewDetection[] = [];
  for (const [index, view] of views.entries()) {
    if (index > 0) {
      await enterStage(context, 'detect', index / views.length);
    }
    const detections = await detector.detect(image, view, { threshold, signal: context.signal });
    found.push(...fromView(detections, view).filter(({ box }) => boxArea(box) > 0));
  }
  // A single view keeps what the detector itself answers, which needs no suppression.
  return views.length === 1 ? found : mergeDetections(found, image.width, image.height);
}

/**
 * Masks of the defects, in the order of the defects; those without a mask are left out. Each is segmented in the view it
 * was found in, where it lies whole and as large as the detector saw it; a view is embedded once for all its defects.
 */
async function segmentAll(
  { segmenter }: PipelineParts,
  image: RgbImage,
  defects: readonly ViewDetection[],
  context: RequestContext,
): Promise<Segmented[]> {
  const byView = Map.groupBy(defects, (defect) => defect.view);
  const masks = new Map<ViewDetection, Segmented>();
  let done = 0;
  for (const [view, members] of byView) {
    if (done > 0) {
      await enterStage(context, 'segment', done / defects.length);
    }
    const embedding = await segmenter.embed(image, view, context.signal);
    const boxes = members.map(({ box }) => shiftBox(box, -view.x_min, -view.y_min));
    const segmentations = await segmenter.segment(embedding, boxes, context.signal);
    for (const [index, detection] of members.entries()) {
      const { score = 0, placed } = segmentations[index] ?? {};
      const onPicture = placed && fitToPicture(moveMask(placed, view), image);
      if (onPicture !== undefined) {
        masks.set(detection, { detection, score, placed: onPicture });
      }
    }
    done += members.length;
  }
  return defects.flatMap((defect) => masks.get(defect) ?? []);
}

function moveMask(placed: PlacedMask, view: BoundingBox): PlacedMask {
  return { ...placed, x: placed.x + view.x_min, y: placed.y + view.y_min };
}

function describeStructure(detection: ViewDetection, image: RgbImage, id: string): Structure {
  return {
    detection_id: id,
    class_name: detection.label,
    confidence: round(detection.score),
    bbox: toPixelBox(detection.box, image.width, image.height),
  };
}

async function describeAnomaly(
  parts: PipelineParts,
  request: DetectRequest,
  image: RgbImage,
  { detection, score, placed }: Segmented,
  structures: readonly Structure[],
): Promise<Anomaly> {
  const { mmPerPixel } = request;
  const measured = measureMask(placed.mask, { lineLike: isLineLike(detection.label), mmPerPixel });
  if (measured === null) {
    throw new Error('a mask without pixels came to be measured');
  }
  const [x, y] = measured.centroid;
  const match = matchStructure(detection.box, structures, parts.matching);
  return {
    anomaly_id: `anom_${parts.randomHex()}`,
    defect_type: detection.label,
    structure_type: match?.structure.class_name ?? null,
    structure_id: match?.structure.detection_id ?? null,
    bbox: toPixelBox(detection.box, image.width, image.height),
    geometry: roundGeometry({ ...measured, centroid: [x + placed.x, y + placed.y] }),
    confidence: combineConfidence(detection.score, score, match?.association),
    ...(request.includeMasks ? { mask_base64: await maskPng(placed, image) } : {}),
  };
}

async function maskPng(placed: PlacedMask, image: RgbImage): Promise<string> {
  const png = await encodeMaskPng(placeOnPicture(placed, image));
  return Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString('base64');
}

const WARM_UP_SIZE = { width: 1280, height: 960 };

async function warmUp({ detector, segmenter }: PipelineParts, signal: AbortSignal): Promise<void> {
  const { width, height } = WARM_UP_SIZE;
  const view = { x_min: 0, y_min: 0, x_max: width, y_max: height };
  const image = { width, height, data: new Uint8Array(width * height * 3) };
  const mask = placeOnPicture(
    { x: 8, y: 8, mask: { width: 90, height: 3, data: new Uint8Array(270).fill(1) } },
    image,
  );
  const steps = [
    async () => decodeMaskPng(await encodeMaskPng(mask)),
    () => detector.detect(image, view, { threshold: 1, signal }),
    async () => segmenter.segment(await segmenter.embed(image, view, signal), [view], signal),
    async () => measureMask(mask, { lineLike: true }),
  ];
  for (const step of steps) {
    await nextTurn();
    signal.throwIfAborted();
    await step();
  }
}

function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
