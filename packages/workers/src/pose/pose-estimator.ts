import { IMAGENET_MEAN, IMAGENET_STD } from '../detect/rf-detr.ts';
import { CONTRACTS, matchSignature } from '../engines/contracts.ts';
import { type Engine, floatOutput, type Tensor, type Tensors } from '../engines/engine.ts';
import { ModelError } from '../engines/model-error.ts';
import type { Model } from '../engines/models.ts';
import { LAYOUT_NAMES, LAYOUTS, type LayoutName } from '../ergonomics/pose/layouts.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import { normalizeToChw } from '../media/resample.ts';
import { findPeak } from './heatmaps.ts';
import {
  type CropArea,
  type CropKind,
  fromCrop,
  type PictureSize,
  personCrop,
  warpCrop,
} from './person-crop.ts';
import { findSimccPeak } from './simcc.ts';

/**
 * From a person's box to keypoints, in two contracts: ViTPose (heat maps, UDP crops, DARK) and RTMPose (a row and a column
 * of scores for each keypoint). Which layout the keypoints have is told by their number. People of several pictures share
 * a run of the model.
 */

/** Picture pixels from the middle of the first pixel, and a confidence of 0 to 1; at 0 the place means nothing. */
export type PoseKeypoint = readonly [x: number, y: number, confidence: number];

export interface PersonPicture {
  readonly image: RgbImage;
  readonly box: BoundingBox;
}

export interface PoseEstimate {
  readonly layout: LayoutName;
  readonly keypoints: readonly PoseKeypoint[];
}

export interface PoseEstimator {
  /** One estimate for each person, in their order. */
  estimate(people: readonly PersonPicture[], options?: { signal?: AbortSignal }): Promise<PoseEstimate[]>;
  dispose(): Promise<void>;
}

export interface PoseEstimatorOptions {
  /** Most people of one run, 1 or more; default 8. */
  readonly maxBatch?: number | undefined;
}

/** What both contracts' usual exports take, where the graph leaves it open. */
const USUAL_SIZE: PictureSize = { width: 192, height: 256 };

/** What ViTPose++ calls the data sets it was trained on: COCO, and the one with 133 keypoints. */
const DATASET = { coco: 0n, wholebody: 5n };

interface Head {
  readonly crop: CropKind;
  /** Keypoints and their places of the person at `index` of a batch. */
  read(outputs: Tensors, index: number, area: CropArea): PoseEstimate;
}

/** @throws ModelError when the engine does not have the model's contract, or keypoints of no known layout. */
export function createPoseEstimator(
  model: Model,
  engine: Engine,
  { maxBatch = 8 }: PoseEstimatorOptions = {},
): PoseEstimator {
  const contract = model.contract === 'rtmpose' ? 'rtmpose' : 'vitpose';
  const signature = matchSignature(engine, CONTRACTS[contract].model, `The pose model ${model.id}`);
  const [pictures = ''] = Object.keys(signature.inputs);
  const [first = ''] = Object.keys(signature.outputs);
  const size = pictureSize(engine, pictures);
  const count = fixed(engine.outputs.find(({ name }) => name === first)?.shape[1]);
  if (count !== undefined) layoutOf(count, model);
  const head = contract === 'rtmpose' ? simccHead(model, size) : heatmapHead(model);
  const { mean = IMAGENET_MEAN, std = IMAGENET_STD } = model;
  // An export for one person, or a certain number of them, takes no other.
  const batch = fixed(engine.inputs.find(({ name }) => name === pictures)?.shape[0]);
  const plane = 3 * size.width * size.height;
  let spare: Float32Array | undefined;

  async function runBatch(people: readonly PersonPicture[], signal?: AbortSignal): Promise<PoseEstimate[]> {
    const rows = batch ?? people.length;
    const data = spare ?? new Float32Array((batch ?? maxBatch) * plane);
    spare = undefined;
    const areas = people.map(({ image, box }, index) => {
      const area = personCrop(box, size);
      const into = data.subarray(index * plane, (index + 1) * plane);
      normalizeToChw(warpCrop(image, area, size, head.crop), mean, std, into);
      return area;
    });
    const feeds: Record<string, Tensor> = {
      [pictures]: {
        type: 'float32',
        data: data.subarray(0, rows * plane),
        dims: [rows, 3, size.height, size.width],
      },
    };
    if ('dataset_index' in signature.inputs) {
      const dataset = count === LAYOUTS.wholebody133.size ? DATASET.wholebody : DATASET.coco;
      feeds.dataset_index = { type: 'int64', data: new BigInt64Array(rows).fill(dataset), dims: [rows] };
    }
    const outputs = await engine.run(feeds, { signal });
    spare = data;
    return areas.map((area, index) => head.read(outputs, index, area));
  }

  return {
    async estimate(people, { signal } = {}) {
      const estimates: PoseEstimate[] = [];
      const step = batch ?? maxBatch;
      for (let at = 0; at < people.length; at += step) {
        signal?.throwIfAborted();
        estimates.push(...(await runBatch(people.slice(at, at + step), signal)));
      }
      return estimates;
    },
    dispose: () => engine.dispose(),
  };
}

function heatmapHead(model: Model): Head {
  return {
    crop: 'udp',
    read(outputs, index, area) {
      const { data, dims } = floatOutput(outputs, 'heatmaps');
      const [, count = 0, height = 0, width = 0] = dims;
      const layout = layoutOf(count, model);
      const cells = width * height;
      const keypoints = Array.from({ length: count }, (_, keypoint): PoseKeypoint => {
        const from = (index * count + keypoint) * cells;
        const { x, y, value } = findPeak(data.subarray(from, from + cells), width, height);
        return [...fromCrop(area, x, y, { width, height }, 'udp'), confidenceOf(value)];
      });
      return { layout, keypoints };
    },
  };
}

function simccHead(model: Model, size: PictureSize): Head {
  return {
    crop: 'corners',
    read(outputs, index, area) {
      const columns = floatOutput(outputs, 'simcc_x');
      const rows = floatOutput(outputs, 'simcc_y');
      const [, count = 0, across = 0] = columns.dims;
      const [, , down = 0] = rows.dims;
      const layout = layoutOf(count, model);
      const keypoints = Array.from({ length: count }, (_, keypoint): PoseKeypoint => {
        const at = index * count + keypoint;
        const { x, y, value } = findSimccPeak(
          columns.data.subarray(at * across, (at + 1) * across),
          rows.data.subarray(at * down, (at + 1) * down),
        );
        // Each pixel of the crop is two places or more, by the length of the rows.
        const place = fromCrop(area, (x * size.width) / across, (y * size.height) / down, size, 'corners');
        return [...place, confidenceOf(value)];
      });
      return { layout, keypoints };
    },
  };
}

function confidenceOf(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}

function layoutOf(count: number, { id }: Model): LayoutName {
  const layout = LAYOUT_NAMES.find((name) => LAYOUTS[name].size === count);
  if (layout !== undefined) return layout;
  const known = LAYOUT_NAMES.map((name) => `${LAYOUTS[name].size} (${name})`).join(', ');
  throw new ModelError(`The pose model ${id} gives ${count} keypoints. Known are those that give ${known}.`);
}

function pictureSize({ inputs }: Engine, name: string): PictureSize {
  const [, , height, width] = inputs.find((input) => input.name === name)?.shape ?? [];
  return { height: fixed(height) ?? USUAL_SIZE.height, width: fixed(width) ?? USUAL_SIZE.width };
}

function fixed(size: number | string | undefined): number | undefined {
  return typeof size === 'number' && size > 0 ? size : undefined;
}
