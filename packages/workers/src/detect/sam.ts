import { CONTRACTS, matchSignature } from '../engines/contracts.ts';
import { type Engine, floatOutput, type Tensors } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import { normalizeToChw, resizeRgb } from '../media/resample.ts';
import { type PlacedMask, upscaleLogits } from './placed-mask.ts';
import { IMAGENET_MEAN, IMAGENET_STD } from './rf-detr.ts';

/**
 * The SAM 2.1 and SAM 3 tracker contracts with boxes as prompts: the picture is embedded once, then any number of boxes
 * is turned into masks. The picture is squeezed to a square without padding, so boxes scale by each axis on its own.
 */
export interface Segmenter {
  /** @param region part of the picture to embed; boxes and masks are relative to its corner. */
  embed(image: RgbImage, region: BoundingBox, signal?: AbortSignal): Promise<Embedding>;
  /** One answer per box, in their order. */
  segment(embedding: Embedding, boxes: readonly BoundingBox[], signal?: AbortSignal): Promise<Segmentation[]>;
  dispose(): Promise<void>;
}

export interface Embedding {
  readonly tensors: Tensors;
  /** Pixels of the embedded region. */
  readonly width: number;
  readonly height: number;
}

export interface Segmentation {
  /** The model's own estimate of its mask's IoU, 0 to 1. */
  readonly score: number;
  /** Relative to the embedded region; undefined when the model found nothing in the box. */
  readonly placed: PlacedMask | undefined;
}

interface SegmenterDefaults {
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const DEFAULTS: Readonly<Record<'sam2' | 'sam3-tracker', SegmenterDefaults>> = {
  sam2: { size: 1024, mean: IMAGENET_MEAN, std: IMAGENET_STD },
  'sam3-tracker': { size: 1008, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

/** Boxes in one run of the decoder: each brings three masks of 256 x 256 floats, 25 MB for 32. */
const BOXES_PER_RUN = 32;

const EMBEDDINGS = ['image_embeddings.0', 'image_embeddings.1', 'image_embeddings.2'] as const;

/** @throws ModelError when one of the engines does not have the contract. */
export function createSam(model: Model, encoder: Engine, decoder: Engine): Segmenter {
  const contract = model.contract === 'sam3-tracker' ? 'sam3-tracker' : 'sam2';
  const defaults = DEFAULTS[contract];
  matchSignature(encoder, CONTRACTS[contract].encoder, `The encoder of the segmenter ${model.id}`);
  matchSignature(decoder, CONTRACTS[contract].decoder, `The mask decoder of the segmenter ${model.id}`);
  const fixed = encoder.inputs[0]?.shape[2];
  const size = typeof fixed === 'number' && fixed > 0 ? fixed : (model.inputSize ?? defaults.size);
  const mean = model.mean ?? defaults.mean;
  const std = model.std ?? defaults.std;
  // 12 MB, the same for each picture: fresh ones would keep the garbage collector busy. A thread has one request at a time.
  let pixels: Float32Array | undefined;

  return {
    async embed(image, region, signal) {
      const square = resizeRgb(image, size, size, 'bilinear', region);
      pixels = normalizeToChw(square, mean, std, pixels);
      const tensors = await encoder.run(
        { pixel_values: { type: 'float32', data: pixels, dims: [1, 3, size, size] } },
        signal === undefined ? {} : { signal },
      );
      const width = region.x_max - region.x_min;
      const height = region.y_max - region.y_min;
      return { tensors, width, height };
    },

    async segment(embedding, boxes, signal) {
      const found: Segmentation[] = [];
      for (let first = 0; first < boxes.length; first += BOXES_PER_RUN) {
        const batch = boxes.slice(first, first + BOXES_PER_RUN);
        const feeds = promptFeeds(embedding, batch, size);
        const outputs = await decoder.run(feeds, signal === undefined ? {} : { signal });
        batch.forEach((_, prompt) => {
          found.push(bestCandidate(outputs, prompt, embedding));
        });
      }
      return found;
    },

    async dispose() {
      await encoder.dispose();
      await decoder.dispose();
    },
  };
}

function promptFeeds(embedding: Embedding, boxes: readonly BoundingBox[], size: number): Tensors {
  const toX = size / embedding.width;
  const toY = size / embedding.height;
  const corners = boxes.flatMap((box) => [
    box.x_min * toX,
    box.y_min * toY,
    box.x_max * toX,
    box.y_max * toY,
  ]);
  const feeds: Record<string, Tensors[string]> = {
    // Boxes alone: no points, said by axes of length 0.
    input_points: { type: 'float32', data: new Float32Array(0), dims: [1, 1, 0, 2] },
    input_labels: { type: 'int64', data: new BigInt64Array(0), dims: [1, boxes.length, 0] },
    input_boxes: { type: 'float32', data: Float32Array.from(corners), dims: [1, boxes.length, 4] },
  };
  for (const name of EMBEDDINGS) {
    const { data, dims } = floatOutput(embedding.tensors, name);
    feeds[name] = { type: 'float32', data, dims };
  }
  return feeds;
}

/** The candidate that the model itself thinks best, scaled to the region it was asked about. */
function bestCandidate(
  outputs: Tensors,
  prompt: number,
  target: { width: number; height: number },
): Segmentation {
  const scores = floatOutput(outputs, 'iou_scores');
  const masks = floatOutput(outputs, 'pred_masks');
  const [, , candidates = 0, height = 0, width = 0] = masks.dims;
  let best = prompt * candidates;
  for (let candidate = best + 1; candidate < (prompt + 1) * candidates; candidate++) {
    if ((scores.data[candidate] ?? 0) > (scores.data[best] ?? 0)) {
      best = candidate;
    }
  }
  const score = scores.data[best] ?? Number.NaN;
  if (Number.isNaN(score)) {
    return { score: 0, placed: undefined };
  }
  const data = masks.data.subarray(best * width * height, (best + 1) * width * height);
  return {
    score: Math.min(Math.max(score, 0), 1),
    placed: upscaleLogits({ data, width, height }, target),
  };
}
