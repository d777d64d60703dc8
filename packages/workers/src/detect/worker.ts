import { createEngineReport, warnOfUnusedCard } from '../engines/engine-report.ts';
import { isFastStartWorthIt, parseEngineSettings, shareCores } from '../engines/engine-settings.ts';
import { infoOfModel } from '../engines/model-info.ts';
import type { Model } from '../engines/models.ts';
import { verifyModel } from '../engines/models.ts';
import { withRecycling } from '../engines/recycle.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import type { WorkerContext, WorkerInstance } from '../registry.ts';
import { createDetectHandler } from './handler.ts';
import { chooseModels } from './model-choice.ts';
import type { PipelineThreadData, PipelineThreadInfo } from './pipeline-thread.ts';
import { detectRoutes } from './routes.ts';
import { parseSettings } from './settings.ts';

/** Requests that may wait for a thread; jobs wait in the gateway, so only direct callers of the handler come here. */
const MAX_WAITING = 64;

/**
 * Starts the detect worker: reads its environment, finds the models, loads them in an inference thread.
 * @throws SettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startDetect({ env, warn }: WorkerContext): Promise<WorkerInstance> {
  const settings = parseSettings(env);
  const engineSettings = parseEngineSettings(env);
  const { detector, segmenter } = await chooseModels(settings);
  // Jobs side by side use the cores better than one run does (2 cores, two jobs: 111 ms an image against 150 ms for one
  // job with both cores), so they share them instead of competing for all.
  const engine = {
    threads: shareCores(engineSettings.cores, settings.concurrency),
    provider: engineSettings.provider,
  };
  const data: PipelineThreadData = { detector, segmenter, settings, engine };
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
    await Promise.all([verifyModel(detector), verifyModel(segmenter)]);
    const { engine: engineInfo } = (await started) as PipelineThreadInfo;
    warnOfUnusedCard(engineInfo, env, warn);
  } catch (error) {
    await pool.stop();
    throw error;
  }
  warnOfLabels(detector, warn);
  const handler = withRecycling(createDetectHandler(pool, settings), engineSettings.recycle);
  const report = createEngineReport(() => [(pool.info as PipelineThreadInfo).engine]);
  const { variant, threshold, tileSize, overlap, concurrency } = settings;
  return {
    handler,
    concurrency,
    routes: detectRoutes(handler),
    info: () => ({
      worker: 'detect',
      models: [infoOfModel('detector', detector), infoOfModel('segmenter', segmenter)],
      engine: report.read(),
      settings: { variant, confidence_threshold: threshold, tile_size: tileSize, tile_overlap: overlap },
    }),
    async stop() {
      report.stop();
      await pool.stop();
    },
  };
}

function warnOfLabels(detector: Model, warn: (message: string) => void): void {
  if (Object.keys(detector.labels).length === 0) {
    warn(
      `Nothing beside ${detector.path} names its classes, so results call them class_0, class_1 and so on. Add a model.json or config.json with the labels.`,
    );
  }
}
