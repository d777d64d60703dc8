import { CONTRACTS, matchSignature } from '../engines/contracts.ts';
import { type Engine, floatOutput } from '../engines/engine.ts';
import { ModelError } from '../engines/model-error.ts';
import type { Model } from '../engines/models.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import { normalizeToChw, resizeRgb } from '../media/resample.ts';
import { sampleToChw } from '../media/resample-unfiltered.ts';
import { productClass } from './classes.ts';

/**
 * The RF-DETR contract: a picture squeezed to a square, boxes and class scores out. Pre- and post-processing follow
 * roboflow/rf-detr (Apache-2.0), `predict` and `PostProcess`: sigmoid scores, the best Q of all Q x C pairs, no
 * suppression; scores without a class are left out before. Both name sets are taken: rfdetr's own export and the one of onnx-community.
 */
export interface Detection {
  /** The product's word for the class. */
  readonly label: string;
  /** 0 to 1. */
  readonly score: number;
  /** Pixels of the picture that was given, fractions kept, cut to the picture. */
  readonly box: BoundingBox;
}

export interface Detector {
  /**
   * @param region part of the picture to look at; boxes are relative to its corner.
   * @returns what scores above the threshold, best first.
   */
  detect(image: RgbImage, region: BoundingBox, options: DetectOptions): Promise<Detection[]>;
  dispose(): Promise<void>;
}

export interface DetectOptions {
  readonly threshold: number;
  readonly signal?: AbortSignal;
}

export interface DetectorOptions {
  /** Classes the weights were trained on; checked against the scores per box, which are one more. */
  readonly numClasses?: number | undefined;
}

export const IMAGENET_MEAN = [0.485, 0.456, 0.406] as const;
export const IMAGENET_STD = [0.229, 0.224, 0.225] as const;

/**
 * @throws ModelError when the engine does not have the contract, or its picture size is stated nowhere.
 */
export function createRfDetr(model: Model, engine: Engine, { numClasses }: DetectorOptions = {}): Detector {
  const signature = matchSignature(engine, CONTRACTS['rf-detr'].model, `The detector ${model.id}`);
  const [inputName = 'input'] = Object.keys(signature.inputs);
  const [boxesName = 'dets', logitsName = 'labels'] = Object.keys(signature.outputs);
  const size = pictureSize(model, engine);
  const mean = model.mean ?? IMAGENET_MEAN;
  const std = model.std ?? IMAGENET_STD;
  // Without antialiasing, as `predict` of rfdetr and transformers do; models trained otherwise say so in their card.
  const prepare = (image: RgbImage, region: BoundingBox) =>
    model.antialias === true
      ? normalizeToChw(resizeRgb(image, size, size, 'bilinear', region), mean, std)
      : sampleToChw(image, region, { size, mean, std });
  // A head has one score more than classes, and fine-tuned ones leave it or others untrained: what the labels do not
  // name is no class. Without any labels all are kept, so that nothing is lost.
  const named = new Set(Object.keys(model.labels).map(Number));
  const isClass = (index: number) => named.size === 0 || named.has(index);
  checkClasses(model, engine.outputs.find((output) => output.name === logitsName)?.shape[2], numClasses);

  return {
    async detect(image, region, { threshold, signal }) {
      const data = prepare(image, region);
      const feeds = { [inputName]: { type: 'float32' as const, data, dims: [1, 3, size, size] } };
      const outputs = await engine.run(feeds, signal === undefined ? {} : { signal });
      const logits = floatOutput(outputs, logitsName);
      const [, queries = 0, classes = 0] = logits.dims;
      checkClasses(model, classes, numClasses);
      return decodeDetections({
        boxes: floatOutput(outputs, boxesName).data,
        logits: logits.data,
        ...{ queries, classes, threshold, isClass },
        width: region.x_max - region.x_min,
        height: region.y_max - region.y_min,
      }).map(({ classIndex, score, box }) => ({ label: labelOf(model, classIndex), score, box }));
    },
    dispose: () => engine.dispose(),
  };
}

interface RawOutput {
  /** Q x 4: centre x, centre y, width, height as parts of the picture, 0 to 1. */
  readonly boxes: Float32Array;
  /** Q x C, before the sigmoid. */
  readonly logits: Float32Array;
  readonly queries: number;
  readonly classes: number;
  readonly threshold: number;
  /** Which of the C scores stand for a class; default all. */
  readonly isClass?: (index: number) => boolean;
  /** Of the picture that the boxes are wanted for. */
  readonly width: number;
  readonly height: number;
}

interface RawDetection {
  readonly classIndex: number;
  readonly score: number;
  readonly box: BoundingBox;
}

/**
 * The best `queries` of all query-class pairs, those above the threshold. Looking only at pairs above the threshold and
 * cutting the sorted list gives the same as cutting first, without sorting what is dropped anyway.
 */
export function decodeDetections(raw: RawOutput): RawDetection[] {
  const { boxes, logits, queries, classes, threshold, width, height, isClass = () => true } = raw;
  const found: { pair: number; score: number }[] = [];
  for (let pair = 0; pair < queries * classes; pair++) {
    const score = sigmoid(logits[pair] ?? Number.NEGATIVE_INFINITY);
    if (score > threshold && isClass(pair % classes)) {
      found.push({ pair, score });
    }
  }
  found.sort((a, b) => b.score - a.score || a.pair - b.pair);
  return found.slice(0, queries).map(({ pair, score }) => {
    const at = Math.floor(pair / classes) * 4;
    const [cx = 0, cy = 0, width01 = 0, height01 = 0] = boxes.subarray(at, at + 4);
    const [w, h] = [Math.max(width01, 0), Math.max(height01, 0)];
    const clamp = (value: number, limit: number) => Math.min(Math.max(value * limit, 0), limit);
    return {
      classIndex: pair % classes,
      score,
      box: {
        x_min: clamp(cx - w / 2, width),
        y_min: clamp(cy - h / 2, height),
        x_max: clamp(cx + w / 2, width),
        y_max: clamp(cy + h / 2, height),
      },
    };
  });
}

/** Step by step in single precision, as PyTorch computes it: which scores are equal decides the order. */
function sigmoid(logit: number): number {
  return Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-logit))));
}

/** Without labels a class is called by its index, which shows that they are missing. */
function labelOf(model: Model, classIndex: number): string {
  return productClass(model.labels[classIndex] ?? `class_${classIndex}`);
}

function pictureSize(model: Model, engine: Engine): number {
  const fixed = engine.inputs[0]?.shape[2];
  const size = typeof fixed === 'number' && fixed > 0 ? fixed : model.inputSize;
  if (size === undefined) {
    throw new ModelError(
      `The detector ${model.id} takes pictures of any size and nothing says which it was trained for. Add "inputSize" to its model.json, or its preprocessor_config.json.`,
    );
  }
  return size;
}

function checkClasses(
  model: Model,
  scores: number | string | undefined,
  numClasses: number | undefined,
): void {
  if (numClasses !== undefined && typeof scores === 'number' && scores > 0 && scores !== numClasses + 1) {
    throw new ModelError(
      `DETECTOR_NUM_CLASSES=${numClasses} means ${numClasses + 1} scores per box, but the detector ${model.id} gives ${scores}. Set it to ${scores - 1} or leave it out.`,
    );
  }
}
