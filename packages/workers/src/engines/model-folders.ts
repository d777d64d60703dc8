import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelsCacheOf } from '@spillway/protocol';
import { z } from 'zod';
import type { Environment } from '../environment.ts';
import { DTYPES } from './dtypes.ts';
import type { MODEL_ENV } from './model-env.ts';

/** The demo models that ship with the product. */
export const BUILT_IN_MODELS = fileURLToPath(new URL('../models', import.meta.url));

/** Where images keep their models: RunPod's network volume, then the image itself. */
const VOLUME_FOLDERS = ['/runpod-volume/models', '/models'];

/** Where RunPod puts the hub's models that an endpoint has cached, in the layout of the hub's own cache. */
const VOLUME_HUB_CACHE = '/runpod-volume/huggingface-cache/hub';

/** The variables of `MODEL_ENV`, for a worker's schema of its environment. */
export const modelEnvironmentShape = {
  SPILLWAY_MODELS_DIR: z.string().optional(),
  SPILLWAY_MODELS_CACHE: z.string().optional(),
  SPILLWAY_MODELS_DTYPE: z.enum(DTYPES, { error: `expected ${DTYPES.join(', ')}` }).optional(),
  HF_HUB_CACHE: z.string().optional(),
} satisfies Record<(typeof MODEL_ENV)[number], z.ZodType>;

/**
 * Folders that hold model folders, in the order they are looked through: those of the environment, the cache that
 * `spillway models pull` fills, volumes and images, the hub's own caches, and last the demo models.
 */
export function modelFolders(env: Environment): readonly string[] {
  const own = env.SPILLWAY_MODELS_DIR?.split(path.delimiter) ?? [];
  const cache = modelsCacheOf(env) ?? '';
  const hubCaches = [env.HF_HUB_CACHE ?? '', VOLUME_HUB_CACHE];
  const folders = [...own, cache, ...VOLUME_FOLDERS, ...hubCaches, BUILT_IN_MODELS];
  return [...new Set(folders.map((folder) => folder.trim()).filter((folder) => folder !== ''))];
}
