import type { EngineInfo } from '../engines/engine.ts';
import { type EngineSettings, shareCores } from '../engines/engine-settings.ts';
import type { ModelInfo } from '../engines/model-info.ts';
import { infoOfModel } from '../engines/model-info.ts';
import { type Model, verifyModel } from '../engines/models.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import type { PeopleReply } from './find-people.ts';
import type { PoseFrame } from './frame-buffers.ts';
import type { PoseThreadData, PoseThreadInfo } from './pose-thread.ts';
import {
  DEFAULT_READ_SETTINGS,
  type PoseSample,
  type ReadOptions,
  type ReadSettings,
  readPoses,
} from './read-poses.ts';

/**
 * Reads people's postures out of videos: finds people, estimates their poses, follows them. All computing is done in
 * threads, each with both models loaded; several videos may be read at once and share them.
 */
export interface PoseReaderOptions {
  /** RF-DETR contract, with people among its classes. */
  readonly detector: Model;
  /** ViTPose or RTMPose contract. */
  readonly estimator: Model;
  readonly engine: EngineSettings;
  /** Threads, each with a copy of the models; default one per core, 4 at most. */
  readonly threads?: number | undefined;
  /** For the frames of one video that are in hand; default 128 MB. */
  readonly maxBytes?: number | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

export interface PoseReader {
  /** What made the results. */
  readonly models: readonly ModelInfo[];
  /** What they run on. */
  engine(): EngineInfo;
  /**
   * One sample for each frame, in their order; takes frames as it needs them. An aborted signal, or whoever takes no more
   * samples, ends what is computed at its next step. Times must rise.
   * @throws the signal's reason; RangeError for a frame whose bytes don't fit its size.
   */
  read(
    frames: AsyncIterable<PoseFrame>,
    options?: ReadOptions & { readonly settings?: Partial<ReadSettings> | undefined },
  ): AsyncGenerator<PoseSample>;
  /** Ends the threads; calling it again does nothing. */
  stop(): Promise<void>;
}

const MOST_THREADS = 4;
const DEFAULT_BYTES = 128_000_000;
/** Each video in hand asks for few requests at once. */
const MAX_WAITING = 1_024;

/** @throws ModelError or Error with a sentence for whoever runs the worker, when a model can't be used. */
export async function createPoseReader(options: PoseReaderOptions): Promise<PoseReader> {
  const { detector, estimator, engine, maxBytes = DEFAULT_BYTES, warn } = options;
  const threads = options.threads ?? Math.min(engine.cores, MOST_THREADS);
  const data: PoseThreadData = {
    ...{ detector, estimator, maxBatch: engine.batch.maxSize },
    engine: { threads: shareCores(engine.cores, threads), provider: engine.provider },
  };
  const pool = new ThreadPool({
    entry: siblingModule(import.meta.url, 'pose-thread'),
    ...{ data, size: threads, maxWaiting: MAX_WAITING },
    ...{ warmUp: engine.warmUp, idleUnloadMs: engine.idleUnloadMs, warn },
  });
  try {
    const started = pool.start();
    started.catch(() => undefined);
    // A damaged file is better named by its hash than by what the runtime makes of it.
    await Promise.all([verifyModel(detector), verifyModel(estimator)]);
    await started;
  } catch (error) {
    await pool.stop();
    throw error;
  }
  return {
    models: [infoOfModel('person detector', detector), infoOfModel('pose', estimator)],
    engine: () => (pool.info as PoseThreadInfo).engine,
    read(frames, { settings, ...read } = {}) {
      const context = {
        ask: async (request: unknown, signal: AbortSignal) =>
          (await pool.run(request, { signal })) as PeopleReply,
        settings: { ...DEFAULT_READ_SETTINGS, ...settings },
        ...{ threads, maxBytes },
      };
      return readPoses(frames, context, read);
    },
    stop: () => pool.stop(),
  };
}
