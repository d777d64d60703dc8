import { fileURLToPath } from 'node:url';
import type { Handler } from '@spillway/sdk/worker';
import { ENGINE_ENV } from './engines/engine-env.ts';
import { siblingModule } from './engines/sibling-module.ts';

/**
 * The built-in workers: one row each. Reading this table loads none of them, so a gateway or a command line can list
 * them without the media libraries.
 */
export interface WorkerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For what works but is likely not meant. */
  warn(message: string): void;
}

/** A worker that is ready for jobs. */
export interface WorkerInstance {
  readonly handler: Handler;
  /** Jobs it runs at once. */
  readonly concurrency: number;
  /** Frees its threads and models; calling it again does nothing. */
  stop(): Promise<void>;
}

export interface WorkerRow {
  readonly description: string;
  /** Variables it reads from its environment. */
  readonly env: readonly string[];
  /** Loads and starts it; rejects with a sentence when it cannot work. */
  start(context: WorkerContext): Promise<WorkerInstance>;
}

export const WORKERS: Readonly<Record<string, WorkerRow>> = {
  detect: {
    description: 'Finds, outlines and measures cracks, spalling, stains and other defects in a picture.',
    env: [
      ...[
        'DETECTOR_VARIANT',
        'DETECTOR_WEIGHTS',
        'DETECTOR_NUM_CLASSES',
        'SAM_MODEL_PATH',
        'CONFIDENCE_THRESHOLD',
      ],
      ...['SPILLWAY_MODELS_DIR', 'DETECTOR_TILE_SIZE', 'DETECTOR_TILE_OVERLAP', 'STRUCTURE_MATCHING'],
      'DETECTOR_CONCURRENCY',
      ...ENGINE_ENV,
    ],
    start: async (context) => (await import('./detect/worker.ts')).startDetect(context),
  },
};

export interface BuiltInWorker {
  readonly description: string;
  /** Variables it reads, which an endpoint's `env` may set. */
  readonly env: readonly string[];
  /** Program and arguments that start one worker process. */
  readonly command: readonly string[];
}

const main = fileURLToPath(siblingModule(import.meta.url, 'main'));

/** What `worker:` in `spillway.yaml` may name, with the command that a gateway starts for it. */
export const builtInWorkers: Readonly<Record<string, BuiltInWorker>> = Object.fromEntries(
  Object.entries(WORKERS).map(([name, { description, env }]) => [
    name,
    { description, env, command: [process.execPath, main, name] },
  ]),
);
