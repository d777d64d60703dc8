import { z } from 'zod';
import type { Dtype } from '../engines/dtypes.ts';
import { modelEnvironmentShape, modelFolders } from '../engines/model-folders.ts';
import { type Environment, parseEnvironment } from '../environment.ts';

/** The clip worker's environment, read once. Every variable is in the table of README.md. */
export interface ClipSettings {
  /** Path or name of the model; undefined searches for one. */
  readonly model?: string | undefined;
  /** Folders that hold model folders, in the order they are looked through. */
  readonly modelFolders: readonly string[];
  /** Number format of the weights; undefined takes what the model's card says. */
  readonly dtype?: Dtype | undefined;
  /** Jobs at once. */
  readonly concurrency: number;
  /** Jobs are taken without a signature. */
  readonly isOpen: boolean;
  /** How far a signature's time may lie from now. */
  readonly windowSeconds: number;
  readonly download: { readonly timeoutMs: number; readonly maxBytes: number };
  /** What users' URLs may lead to besides the public internet. */
  readonly allowPrivateUrls: readonly string[];
}

/** What the environment says is wrong; the message lists all of it. */
class ClipSettingsError extends Error {
  override readonly name = 'ClipSettingsError';
}

const whole = (from: number, to: number) => {
  const error = `expected a whole number from ${from} to ${to}`;
  return z.coerce.number({ error }).int(error).min(from, error).max(to, error);
};

export const clipEnvironmentSchema = z.object({
  CLIP_MODEL: z.string().optional(),
  CLIP_CONCURRENCY: whole(1, 256).default(16),
  CLIP_DOWNLOAD_TIMEOUT_S: whole(1, 600).default(30),
  CLIP_DOWNLOAD_MAX_MB: whole(1, 1000).default(10),
  EMBEDDING_AUTH: z.enum(['required', 'off'], { error: 'expected required or off' }).default('required'),
  EMBEDDING_HMAC_SECRET: z.string().optional(),
  EMBEDDING_HMAC_SECRET_PREVIOUS: z.string().optional(),
  EMBEDDING_HMAC_WINDOW_S: whole(1, 3600).default(120),
  SPILLWAY_ALLOW_PRIVATE_URLS: z.string().optional(),
  ...modelEnvironmentShape,
});

/** @throws ClipSettingsError naming every variable that is wrong, what was expected and, but for secrets, what it says. */
export function parseClipSettings(env: Environment): ClipSettings {
  const values = parseEnvironment(
    clipEnvironmentSchema,
    env,
    'The environment of the clip worker',
    (sentence) => new ClipSettingsError(sentence),
  );
  const isOpen = values.EMBEDDING_AUTH === 'off';
  if (!isOpen && values.EMBEDDING_HMAC_SECRET === undefined) {
    throw new ClipSettingsError(
      'EMBEDDING_HMAC_SECRET is not set, so the clip worker could believe nobody. Set it to the secret that callers sign with, or EMBEDDING_AUTH=off to take jobs without a signature.',
    );
  }
  const allowed = values.SPILLWAY_ALLOW_PRIVATE_URLS?.split(/[\s,]+/) ?? [];
  return {
    model: values.CLIP_MODEL,
    modelFolders: modelFolders(env),
    dtype: values.SPILLWAY_MODELS_DTYPE,
    concurrency: values.CLIP_CONCURRENCY,
    isOpen,
    windowSeconds: values.EMBEDDING_HMAC_WINDOW_S,
    download: {
      timeoutMs: values.CLIP_DOWNLOAD_TIMEOUT_S * 1000,
      maxBytes: values.CLIP_DOWNLOAD_MAX_MB * 1_000_000,
    },
    allowPrivateUrls: allowed.filter((entry) => entry !== ''),
  };
}
