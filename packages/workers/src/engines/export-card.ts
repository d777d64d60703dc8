import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { listProblems, problemSentence } from '../problems.ts';
import type { ContractName } from './contracts.ts';
import { ModelError } from './model-error.ts';

/**
 * What the config files beside a public ONNX export say of it: `config.json` (kind of model, class names) and
 * `preprocessor_config.json` (picture size, normalisation). Both may be absent; keys we do not use are not looked at.
 */
export interface ExportCard {
  readonly contract?: ContractName | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly inputSize?: number | undefined;
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

const configSchema = z.looseObject({
  model_type: z.string().optional(),
  id2label: z.record(z.string(), z.string()).optional(),
});

// transformers 4 wrote null for what a processor does not use.
const channels = z.array(z.number()).length(3).nullish();

const side = z
  .union([z.number(), z.looseObject({ height: z.number().nullish(), width: z.number().nullish() })])
  .nullish();

const preprocessorSchema = z.looseObject({
  size: side,
  /** Of CLIP: what is left of the resized picture is what the model sees. */
  crop_size: side,
  image_mean: channels,
  image_std: channels,
});

const CONTRACT_BY_MODEL_TYPE: Readonly<Record<string, ContractName>> = {
  rf_detr: 'rf-detr',
  sam2: 'sam2',
  sam2_video: 'sam2',
  sam3_tracker: 'sam3-tracker',
  sam3_tracker_video: 'sam3-tracker',
  clip: 'clip',
  vitpose: 'vitpose',
};

export async function readExportCard(folder: string): Promise<ExportCard> {
  const config = await readConfig(path.join(folder, 'config.json'), configSchema);
  const preprocessor = await readConfig(path.join(folder, 'preprocessor_config.json'), preprocessorSchema);
  const size = preprocessor?.crop_size ?? preprocessor?.size;
  return {
    contract: CONTRACT_BY_MODEL_TYPE[config?.model_type ?? ''],
    labels: config?.id2label,
    inputSize: (typeof size === 'number' ? size : size?.height) ?? undefined,
    mean: preprocessor?.image_mean ?? undefined,
    std: preprocessor?.image_std ?? undefined,
  };
}

async function readConfig<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ModelError(`${file} is not readable JSON.`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new ModelError(problemSentence(file, listProblems(parsed.error)));
  }
  return parsed.data;
}
