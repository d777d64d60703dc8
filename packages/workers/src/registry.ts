import { fileURLToPath } from 'node:url';
import { type CardUse, decideCardUse } from './engines/card-use.ts';
import { ENGINE_ENV } from './engines/engine-env.ts';
import { MODEL_ENV } from './engines/model-env.ts';
import { VIDEO_ENV, videoDurationLimit, videoLimit } from './ergonomics/video-jobs/video-env.ts';
import { POSE_ENV } from './pose/pose-env.ts';
import { STORAGE_ENV } from './storage/storage-env.ts';
import type { WorkerContext, WorkerInstance } from './worker-instance.ts';

/** Of one upload, and the variable that sets it. */
export interface UploadLimit {
  readonly bytes: number;
  readonly variable: string;
}

/** Of one video, and the variable that sets it. */
export interface DurationLimit {
  readonly ms: number;
  readonly variable: string;
}

export interface WorkerRow {
  readonly description: string;
  /** What `spillway run` may be given to try it out. */
  readonly example: string;
  /** Variables it reads from its environment. */
  readonly env: readonly string[];
  /** Where it is not as its models make of cards; for a worker without models. */
  readonly cardUse?: () => CardUse;
  /** For a worker of uploads: the largest that it takes, with these variables. */
  readonly uploadLimit?: (env: Readonly<Record<string, string>>) => UploadLimit | undefined;
  /** For a worker of videos: the longest that it takes, with these variables. */
  readonly durationLimit?: (env: Readonly<Record<string, string>>) => DurationLimit | undefined;
  /** Loads and starts it; rejects with a sentence when it cannot work. */
  start(context: WorkerContext): Promise<WorkerInstance>;
}

/**
 * The built-in workers: one row each. Reading this table loads none of them, so a gateway or a command line can list
 * them without the media libraries.
 */
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
    uploadLimit: videoLimit,
    durationLimit: videoDurationLimit,
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
  /** Of an upload for it, with these variables; absent where it takes none, or of any size. */
  readonly uploadLimit?: (env: Readonly<Record<string, string>>) => UploadLimit | undefined;
  /** Of a video for it, with these variables; absent where it takes none, or of any length. */
  readonly durationLimit?: (env: Readonly<Record<string, string>>) => DurationLimit | undefined;
}

/**
 * What Node is told where it runs a worker, for memory. The young generation grows with all that ever outlived a collection,
 * so that in an hour it is as large as it may be: of a process and each of its threads 100 MB, nearly all of it garbage.
 * Jobs leave too little behind for this limit to cost time.
 */
export const WORKER_NODE_FLAGS: readonly string[] = ['--max-semi-space-size=8'];

/** From the sources and from what is built of them alike. */
const main = fileURLToPath(new URL('../bin/spillway-worker.mjs', import.meta.url));

/** What `worker:` in `spillway.yaml` may name, with the command that a gateway starts for it. */
export const builtInWorkers: Readonly<Record<string, BuiltInWorker>> = Object.fromEntries(
  Object.entries(WORKERS).map(
    ([name, { description, example, env, cardUse = decideCardUse, uploadLimit, durationLimit }]) => [
      name,
      {
        ...{ description, example, env, cardUse },
        command: [process.execPath, ...WORKER_NODE_FLAGS, main, name],
        ...(uploadLimit ? { uploadLimit } : {}),
        ...(durationLimit ? { durationLimit } : {}),
      },
    ],
  ),
);
