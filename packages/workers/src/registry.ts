import { fileURLToPath } from 'node:url';
import type { Handler } from '@spillway/sdk/worker';
import { type CardUse, decideCardUse } from './engines/card-use.ts';
import { ENGINE_ENV } from './engines/engine-env.ts';
import type { EngineReport } from './engines/engine-report.ts';
import { MODEL_ENV } from './engines/model-env.ts';
import { VIDEO_ENV } from './ergonomics/video-jobs/video-env.ts';
import type { PodRoute } from './pod/pod-route.ts';
import { POSE_ENV } from './pose/pose-env.ts';
import { STORAGE_ENV } from './storage/storage-env.ts';

/**
 * The built-in workers: one row each. Reading this table loads none of them, so a gateway or a command line can list
 * them without the media libraries.
 */
export interface WorkerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For what works but is likely not meant. */
  warn(message: string): void;
}

/** What a worker tells of itself: which models it runs, on what. No secrets. */
export interface WorkerInfo {
  readonly worker: string;
  readonly models: readonly ModelInfo[];
  readonly engine: EngineReport;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface ModelInfo {
  /** What the worker uses it for. */
  readonly role: string;
  readonly id: string;
  readonly contract: string;
  /** Made from synthetic data, to try the product out. */
  readonly isDemo: boolean;
  readonly licence?: string;
  readonly source?: string;
  /** What else is to be known of it, in a sentence. */
  readonly note?: string;
}

/** A worker that is ready for jobs. */
export interface WorkerInstance {
  readonly handler: Handler;
  /** Jobs it runs at once. */
  readonly concurrency: number;
  info(): WorkerInfo;
  /** Of its own HTTP face, besides those that every worker has. */
  readonly routes?: readonly PodRoute[];
  /** Frees its threads and models; calling it again does nothing. */
  stop(): Promise<void>;
}

export interface WorkerRow {
  readonly description: string;
  /** What `spillway run` may be given to try it out. */
  readonly example: string;
  /** Variables it reads from its environment. */
  readonly env: readonly string[];
  /** Where it is not as its models make of cards; for a worker without models. */
  readonly cardUse?: () => CardUse;
  /** Loads and starts it; rejects with a sentence when it cannot work. */
  start(context: WorkerContext): Promise<WorkerInstance>;
}

export const WORKERS: Readonly<Record<string, WorkerRow>> = {
  detect: {
    description: 'Finds, outlines and measures cracks, spalling, stains and other defects in a picture.',
    example: 'photo.jpg',
    env: [
      ...[
        'DETECTOR_VARIANT',
        'DETECTOR_WEIGHTS',
        'DETECTOR_NUM_CLASSES',
        'SAM_MODEL_PATH',
        'CONFIDENCE_THRESHOLD',
      ],
      ...MODEL_ENV,
      ...['DETECTOR_TILE_SIZE', 'DETECTOR_TILE_OVERLAP', 'STRUCTURE_MATCHING', 'DETECTOR_CONCURRENCY'],
      ...ENGINE_ENV,
    ],
    start: async (context) => (await import('./detect/worker.ts')).startDetect(context),
  },
  clip: {
    description: 'Turns pictures and texts into vectors of one space, for search by meaning (CLIP).',
    example: `'{"text":"a red star"}'`,
    env: [
      ...['CLIP_MODEL', 'CLIP_CONCURRENCY', 'CLIP_DOWNLOAD_TIMEOUT_S', 'CLIP_DOWNLOAD_MAX_MB'],
      ...['EMBEDDING_AUTH', 'EMBEDDING_HMAC_SECRET', 'EMBEDDING_HMAC_SECRET_PREVIOUS'],
      ...['EMBEDDING_HMAC_WINDOW_S', 'SPILLWAY_ALLOW_PRIVATE_URLS', ...MODEL_ENV],
      ...ENGINE_ENV,
    ],
    start: async (context) => (await import('./clip/start.ts')).startClipProcess(context),
  },
  ergonomics: {
    description:
      'Scores working postures with RULA, REBA, OWAS and the NIOSH lifting equation, also of people in videos.',
    example: 'video.mp4',
    env: [...VIDEO_ENV, ...STORAGE_ENV, ...POSE_ENV, ...MODEL_ENV, ...ENGINE_ENV],
    start: async (context) => (await import('./ergonomics/worker.ts')).startErgonomics(context),
  },
};

export interface BuiltInWorker {
  readonly description: string;
  /** What `spillway run` may be given to try it out. */
  readonly example: string;
  /** Variables it reads, which an endpoint's `env` may set. */
  readonly env: readonly string[];
  /** Program and arguments that start one worker process. */
  readonly command: readonly string[];
  /** What it makes of graphics cards here, with these variables of its endpoint. */
  cardUse(env: Readonly<Record<string, string>>): CardUse;
}

/** From the sources and from what is built of them alike. */
const main = fileURLToPath(new URL('../bin/spillway-worker.mjs', import.meta.url));

/** What `worker:` in `spillway.yaml` may name, with the command that a gateway starts for it. */
export const builtInWorkers: Readonly<Record<string, BuiltInWorker>> = Object.fromEntries(
  Object.entries(WORKERS).map(([name, { description, example, env, cardUse = decideCardUse }]) => [
    name,
    { description, example, env, command: [process.execPath, main, name], cardUse },
  ]),
);
