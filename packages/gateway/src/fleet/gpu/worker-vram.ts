import type { GpuNeed } from '../../endpoints/endpoint.ts';
import { GIGABYTE } from './memory-text.ts';

/**
 * What the built-in workers are known to need of a card, as data. The figures are those with which users of the defects
 * service plan its RF-DETR and SAM workers; they were not measured with this product. What a model's own card says
 * (`vramBytes`) goes before them. A worker without a row has no known figure: an endpoint says it itself (`gpu`).
 */
export const VRAM_SOURCE =
  'model.json where it states vramBytes, else what users of the defects service plan with; not measured here';

/** Gigabytes of one loaded detector, by DETECTOR_VARIANT. */
const DETECTOR_GB: Readonly<Record<string, number>> = {
  nano: 1.0,
  small: 1.2,
  medium: 1.5,
  large: 2.5,
};

/** Gigabytes of one loaded segmenter: SAM 2.1 large, and the SAM 3 tracker. */
const SEGMENTER_GB: Readonly<Record<string, number>> = { sam2: 3.5, sam3: 4.0 };

/** CUDA itself, pictures and intermediate values: with it medium + SAM 3 come to the 7 GB that users plan with. */
const DETECT_OVERHEAD_GB = 1.5;

/** What a model's card (`model.json`) says of it; all of it may be missing. */
export interface ModelCard {
  readonly vramBytes?: number | undefined;
  readonly contract?: string | undefined;
  readonly variant?: string | undefined;
}

/** One addend of a need. */
export interface NeedPart {
  /** Such as `detector medium`. */
  readonly what: string;
  readonly memoryBytes: number;
}

export interface KnownNeed extends GpuNeed {
  readonly parts: readonly NeedPart[];
}

type Environment = Readonly<Record<string, string | undefined>>;
/** Looks up a model by what a variable says: a path, or a name in the model folders. */
export type FindCard = (value: string) => ModelCard | undefined;

/** What one worker needs with these variables; undefined where no figure is known. */
export function knownNeed(worker: string, env: Environment, findCard: FindCard): KnownNeed | undefined {
  if (worker === 'detect') return detectNeed(env, findCard);
  // Only where its model's card tells.
  const card = worker === 'clip' && env.CLIP_MODEL ? findCard(env.CLIP_MODEL) : undefined;
  if (card?.vramBytes === undefined) return undefined;
  return total([{ what: `model ${env.CLIP_MODEL}`, memoryBytes: card.vramBytes }]);
}

function detectNeed(env: Environment, findCard: FindCard): KnownNeed | undefined {
  const detector = detectorPart(env, findCard);
  if (!detector) return undefined;
  const segmenter = segmenterPart(env, findCard);
  // Each job that runs at once has models of its own.
  const copies = Math.max(1, Math.floor(Number(env.DETECTOR_CONCURRENCY ?? 1)) || 1);
  const models = [detector, segmenter].map(({ what, memoryBytes }) => ({
    what: copies === 1 ? what : `${copies} × ${what}`,
    memoryBytes: memoryBytes * copies,
  }));
  return total([...models, part('CUDA and pictures', DETECT_OVERHEAD_GB)]);
}

function detectorPart(env: Environment, findCard: FindCard): NeedPart | undefined {
  const card = env.DETECTOR_WEIGHTS ? findCard(env.DETECTOR_WEIGHTS) : undefined;
  if (card?.vramBytes !== undefined) {
    return { what: `detector ${env.DETECTOR_WEIGHTS}`, memoryBytes: card.vramBytes };
  }
  const variant = card?.variant ?? env.DETECTOR_VARIANT ?? 'medium';
  const gigabytes = Object.hasOwn(DETECTOR_GB, variant) ? DETECTOR_GB[variant] : undefined;
  return gigabytes === undefined ? undefined : part(`detector ${variant}`, gigabytes);
}

/** Without a word about it the worker looks for SAM 3 first, and SAM 2 needs less. */
function segmenterPart({ SAM_MODEL_PATH: place }: Environment, findCard: FindCard): NeedPart {
  const card = place ? findCard(place) : undefined;
  if (place && card?.vramBytes !== undefined) {
    return { what: `segmenter ${place}`, memoryBytes: card.vramBytes };
  }
  const isSam2 = /sam[-_.]?2/i.test(card?.contract ?? place ?? '');
  return part(`segmenter ${isSam2 ? 'SAM 2' : 'SAM 3'}`, SEGMENTER_GB[isSam2 ? 'sam2' : 'sam3'] ?? 0);
}

function part(what: string, gigabytes: number): NeedPart {
  return { what, memoryBytes: Math.round(gigabytes * GIGABYTE) };
}

function total(parts: readonly NeedPart[]): KnownNeed {
  return { memoryBytes: parts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0), count: 1, parts };
}
