import { z } from 'zod';
import type { Dtype } from '../engines/dtypes.ts';
import { modelEnvironmentShape, modelFolders } from '../engines/model-folders.ts';
import { type Environment, parseEnvironment } from '../environment.ts';
import { MATCHING_RULES, type MatchingRule } from './structures.ts';

/** The detect worker's environment, read once. Every variable is in the table of README.md. */
export interface DetectSettings {
  readonly variant: DetectorVariant;
  /** Path or name of the detector; overrides the search by variant. */
  readonly detectorWeights?: string | undefined;
  readonly numClasses?: number | undefined;
  /** Path or name of the segmenter; undefined searches for one. */
  readonly segmenterPath?: string | undefined;
  readonly threshold: number;
  /** Folders that hold model folders, in the order they are looked through. */
  readonly modelFolders: readonly string[];
  /** Number format of the weights; undefined takes what the models' cards say. */
  readonly dtype?: Dtype | undefined;
  readonly tileSize: number;
  readonly overlap: number;
  readonly matching: MatchingRule;
  /** Jobs at once, each in a thread with its own copy of the models. */
  readonly concurrency: number;
}

const DETECTOR_VARIANTS = ['nano', 'small', 'medium', 'large'] as const;

export type DetectorVariant = (typeof DETECTOR_VARIANTS)[number];

/** What the environment says is wrong; the message lists all of it. */
class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const number = (range: string) => z.coerce.number({ error: `expected ${range}` });

export const environmentSchema = z.object({
  DETECTOR_VARIANT: z
    .enum(DETECTOR_VARIANTS, { error: `expected ${DETECTOR_VARIANTS.join(', ')}` })
    .default('medium'),
  DETECTOR_WEIGHTS: z.string().optional(),
  DETECTOR_NUM_CLASSES: number('a whole number from 1')
    .int('expected a whole number from 1')
    .min(1, 'expected a whole number from 1')
    .optional(),
  SAM_MODEL_PATH: z.string().optional(),
  CONFIDENCE_THRESHOLD: number('a number from 0 to 1')
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .default(0.3),
  ...modelEnvironmentShape,
  DETECTOR_TILE_SIZE: number('pixels from 256, or 0 for no tiles')
    .int('expected whole pixels')
    .refine((size) => size === 0 || size >= 256, 'expected pixels from 256, or 0 for no tiles')
    .default(1280),
  DETECTOR_TILE_OVERLAP: number('a number from 0 to 0.5')
    .min(0, 'expected a number from 0 to 0.5')
    .max(0.5, 'expected a number from 0 to 0.5')
    .default(0.2),
  STRUCTURE_MATCHING: z
    .enum(MATCHING_RULES, { error: `expected ${MATCHING_RULES.join(' or ')}` })
    .default('overlap'),
  DETECTOR_CONCURRENCY: number('a whole number from 1 to 16')
    .int('expected a whole number from 1 to 16')
    .min(1, 'expected a whole number from 1 to 16')
    .max(16, 'expected a whole number from 1 to 16')
    .default(1),
});

/** @throws SettingsError naming every variable that is wrong, what was expected and what it says. */
export function parseSettings(env: Environment): DetectSettings {
  const values = parseEnvironment(
    environmentSchema,
    env,
    'The environment of the detect worker',
    (sentence) => new SettingsError(sentence),
  );
  return {
    variant: values.DETECTOR_VARIANT,
    detectorWeights: values.DETECTOR_WEIGHTS,
    numClasses: values.DETECTOR_NUM_CLASSES,
    segmenterPath: values.SAM_MODEL_PATH,
    threshold: values.CONFIDENCE_THRESHOLD,
    modelFolders: modelFolders(env),
    dtype: values.SPILLWAY_MODELS_DTYPE,
    tileSize: values.DETECTOR_TILE_SIZE,
    overlap: values.DETECTOR_TILE_OVERLAP,
    matching: values.STRUCTURE_MATCHING,
    concurrency: values.DETECTOR_CONCURRENCY,
  };
}
