import { intersectionOverUnion } from '../detect/box.ts';
import { productClass } from '../detect/classes.ts';
import { createRfDetr } from '../detect/rf-detr.ts';
import type { Engine } from '../engines/engine.ts';
import { ModelError } from '../engines/model-error.ts';
import type { Model } from '../engines/models.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';

/** People in a picture: what an RF-DETR model calls a person. */
export interface FoundPerson {
  /** Pixels of the picture, fractions kept, cut to the picture. */
  readonly box: BoundingBox;
  /** 0 to 1. */
  readonly score: number;
}

export interface PersonDetector {
  /** Best first. */
  find(image: RgbImage, options: FindOptions): Promise<FoundPerson[]>;
  dispose(): Promise<void>;
}

export interface FindOptions {
  readonly threshold: number;
  /** Most people; those of the lowest scores are left out. */
  readonly maxPeople: number;
  readonly signal?: AbortSignal | undefined;
}

const SAME = 0.9;
const PERSON = 'person';
/** Scores of a model that was trained on COCO and comes without labels; there 1 is the person. */
const COCO_SCORES = 91;
const COCO_PERSON = 'class_1';

/** Whether a model's labels name people, as far as it has any: those of COCO often come without. */
export function mayFindPeople({ labels }: Pick<Model, 'labels'>): boolean {
  const names = Object.values(labels);
  return names.length === 0 || names.some((name) => productClass(name) === PERSON);
}

/** @throws ModelError when the engine does not have the contract, or nothing says which class people are. */
export function createPersonDetector(model: Model, engine: Engine): PersonDetector {
  const detector = createRfDetr(model, engine);
  const label = personLabel(model, engine);
  return {
    async find(image, { threshold, maxPeople, signal }) {
      const whole = { x_min: 0, y_min: 0, x_max: image.width, y_max: image.height };
      const found = await detector.detect(image, whole, { threshold, ...(signal ? { signal } : {}) });
      const people: FoundPerson[] = [];
      for (const { label: name, box, score } of found) {
        if (people.length >= maxPeople) break;
        if (name === label && !isEmpty(box) && !people.some((other) => isSame(other.box, box)))
          people.push({ box, score });
      }
      return people;
    },
    dispose: () => detector.dispose(),
  };
}

/** RF-DETR suppresses nothing: a person may be found twice, almost in the same place. */
function isSame(a: BoundingBox, b: BoundingBox): boolean {
  return intersectionOverUnion(a, b) > SAME;
}

function isEmpty(box: BoundingBox): boolean {
  return box.x_max - box.x_min < 1 || box.y_max - box.y_min < 1;
}

function personLabel(model: Model, engine: Engine): string {
  const names = Object.values(model.labels);
  if (names.length > 0 && mayFindPeople(model)) return PERSON;
  const scores = engine.outputs.map(({ shape }) => shape[2]);
  if (names.length === 0 && scores.includes(COCO_SCORES)) return COCO_PERSON;
  const has = names.length === 0 ? 'it comes without labels' : `it has: ${names.slice(0, 10).join(', ')}`;
  throw new ModelError(
    `The detector ${model.id} has no class "${PERSON}" (${has}), so it can't find people. Take one that has, or add "labels" to its model.json.`,
  );
}
