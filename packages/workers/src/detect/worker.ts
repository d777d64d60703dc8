import { createEngineReport, warnOfUnusedCard } from '../engines/engine-report.ts';
import {
  type EngineSettings,
  isFastStartWorthIt,
  parseEngineSettings,
  shareCores,
} from '../engines/engine-settings.ts';
import { ModelError } from '../engines/model-error.ts';
import { infoOfModel } from '../engines/model-info.ts';
import type { Model } from '../engines/models.ts';
import { verifyModel } from '../engines/models.ts';
import { withRecycling } from '../engines/recycle.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import { UnusablePartError } from '../engines/unusable-part-error.ts';
import type { WorkerContext, WorkerInstance } from '../worker-instance.ts';
import { createDetectHandler } from './handler.ts';
import { type ChosenModels, chooseModels } from './model-choice.ts';
import type { PipelineThreadData, PipelineThreadInfo } from './pipeline-thread.ts';
import { detectRoutes } from './routes.ts';
import { standInForSam3 } from './segmenter-fallback.ts';
import { type DetectSettings, parseSettings } from './settings.ts';

/** Requests that may wait for a thread; jobs wait in the gateway, so only direct callers of the handler come here. */
const MAX_WAITING = 64;

/**
 * Starts the detect worker: reads its environment, finds the models, loads them in an inference thread. A SAM 3 that
 * cannot be used is replaced by SAM 2, once and for all of this worker's threads.
 * @throws SettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startDetect({ env, warn }: WorkerContext): Promise<WorkerInstance> {
  const settings = parseSettings(env);
  const engineSettings = parseEngineSettings(env);
  const start = (models: ChosenModels) => startPool(models, { settings, engineSettings, warn });
  const chosen = await chooseModels(settings);
  let models = chosen;
  const pool = await start(models).catch(async (error: unknown) => {
    models = await replaceSegmenter(error, chosen, settings);
    return start(models);
  });
  const { detector, segmenter, fallback, problem } = models;
  if (fallback) warn([fallback.reason, problem].join(' '));
  const infoOf = () => (pool.info as PipelineThreadInfo).engine;
  warnOfUnusedCard(infoOf(), env, warn);
  warnOfLabels(detector, warn);
  const handler = withRecycling(createDetectHandler(pool, settings), engineSettings.recycle);
  const report = createEngineReport(() => [infoOf()]);
  const { variant, threshold, tileSize, overlap, concurrency } = settings;
  return {
    handler,
    concurrency,
    routes: detectRoutes(handler),
    info: () => ({
      worker: 'detect',
      models: [
        infoOfModel('detector', detector),
        { ...infoOfModel('segmenter', segmenter), ...(fallback ? { note: fallback.reason } : {}) },
      ],
      engine: report.read(),
      settings: { variant, confidence_threshold: threshold, tile_size: tileSize, tile_overlap: overlap },
    }),
    async stop() {
      report.stop();
      await pool.stop();
    },
  };
}

interface PoolContext {
  readonly settings: DetectSettings;
  readonly engineSettings: EngineSettings;
  warn(message: string): void;
}

/** Resolves when the first thread is ready. @throws UnusablePartError where the segmenter alone is to blame */
async function startPool(
  { detector, segmenter, fallback }: ChosenModels,
  { settings, engineSettings, warn }: PoolContext,
): Promise<ThreadPool> {
  // Jobs side by side use the cores better than one run does (2 cores, two jobs: 111 ms an image against 150 ms for one
  // job with both cores), so they share them instead of competing for all.
  const engine = {
    threads: shareCores(engineSettings.cores, settings.concurrency),
    provider: engineSettings.provider,
  };
  const data: PipelineThreadData = { detector, segmenter, fallback, settings, engine };
  const files = [detector, segmenter].flatMap((model) => Object.values(model.files));
  const quick = isFastStartWorthIt(engineSettings, files)
    ? { quickData: { ...data, engine: { ...engine, isQuick: true } } }
    : {};
  const pool = new ThreadPool({
    entry: siblingModule(import.meta.url, 'pipeline-thread'),
    data,
    ...quick,
    size: settings.concurrency,
    maxWaiting: MAX_WAITING,
    warmUp: engineSettings.warmUp,
    idleUnloadMs: engineSettings.idleUnloadMs,
    warn,
  });
  try {
    // Hashing runs beside loading; a damaged file is better named by its hash than by what the runtime makes of it.
    const started = pool.start();
    started.catch(() => undefined);
    const verified = verifyModel(segmenter).catch((error: Error) => {
      throw new UnusablePartError('segmenter files', error.message, { cause: error });
    });
    await Promise.all([verifyModel(detector), verified]);
    await started;
    return pool;
  } catch (error) {
    await pool.stop();
    throw error;
  }
}

/** @throws the error itself, or a ModelError, where something else than SAM 3 is to blame. */
async function replaceSegmenter(
  error: unknown,
  { detector, segmenter }: ChosenModels,
  { modelFolders, dtype }: DetectSettings,
): Promise<ChosenModels> {
  if (!(error instanceof UnusablePartError)) throw error;
  const { message: problem, part } = error;
  if (segmenter.contract !== 'sam3-tracker') throw new ModelError(problem, { cause: error });
  const why = part === 'segmenter files' ? 'damaged' : 'unloadable';
  const query = { wanted: segmenter.id, why, problem, modelFolders, dtype, detector } as const;
  return { detector, ...(await standInForSam3(query)), problem };
}

function warnOfLabels(detector: Model, warn: (message: string) => void): void {
  if (Object.keys(detector.labels).length === 0) {
    warn(
      `Nothing beside ${detector.path} names its classes, so results call them class_0, class_1 and so on. Add a model.json or config.json with the labels.`,
    );
  }
}
