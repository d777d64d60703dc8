import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { ModelCard } from './worker-vram.ts';

const cardSchema = z.looseObject({
  vramBytes: z.int().positive().optional().catch(undefined),
  contract: z.string().optional().catch(undefined),
  variant: z.string().optional().catch(undefined),
});

/** Where images keep their models. */
const VOLUME_FOLDERS = ['/runpod-volume/models', '/models'];

export interface ModelPlaces {
  readonly cwd: string;
  /** Folders as `SPILLWAY_MODELS_DIR` lists them. */
  readonly modelsDir?: string | undefined;
  /** Where `spillway models pull` puts models. */
  readonly cache?: string | undefined;
}

/**
 * The card of a model that a worker's variable names: a folder, a file in one, or a name in the model folders. Undefined
 * where there is none, or where it can't be read: the worker itself will say what is wrong with it.
 */
export function findModelCard(value: string, { cwd, modelsDir, cache }: ModelPlaces): ModelCard | undefined {
  const folders = [...(modelsDir?.split(path.delimiter) ?? []), cache ?? '', ...VOLUME_FOLDERS].filter(
    (one) => one !== '',
  );
  const places = [path.resolve(cwd, value), ...folders.map((folder) => path.resolve(cwd, folder, value))];
  // The public exports keep weights in a folder `onnx` inside the model's.
  const inFolder = (place: string) => [path.dirname(place), path.dirname(path.dirname(place))];
  for (const place of value.endsWith('.onnx') ? places.flatMap(inFolder) : places) {
    const card = readCard(path.join(place, 'model.json'));
    if (card) return card;
  }
  return undefined;
}

function readCard(file: string): ModelCard | undefined {
  try {
    return cardSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
