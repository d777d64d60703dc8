import type { Model } from '../engines/models.ts';
import { verifyModel } from '../engines/models.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import type { WorkerContext, WorkerInstance } from '../registry.ts';
import { createDetectHandler } from './handler.ts';
import { chooseModels } from './model-choice.ts';
import type { PipelineThreadData } from './pipeline-thread.ts';
import { parseSettings } from './settings.ts';

/** Requests that may wait for a thread; jobs wait in the gateway, so only direct callers of the handler come here. */
const MAX_WAITING = 64;

/**
 * Starts the detect worker: reads its environment, finds the models, loads them in an inference thread.
 * @throws SettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startDetect({ env, warn }: WorkerContext): Promise<WorkerInstance> {
  const settings = parseSettings(env);
  const { detector, segmenter } = await chooseModels(settings);
  const data: PipelineThreadData = { detector, segmenter, settings };
  const pool = new ThreadPool({
    entry: siblingModule(import.meta.url, 'pipeline-thread'),
    data,
    size: settings.concurrency,
    maxWaiting: MAX_WAITING,
  });
  try {
    // Hashing runs beside loading; a damaged file is better named by its hash than by what the runtime makes of it.
    const started = pool.start();
    started.catch(() => undefined);
    await Promise.all([verifyModel(detector), verifyModel(segmenter)]);
    await started;
  } catch (error) {
    await pool.stop();
    throw error;
  }
  warnOfLabels(detector, warn);
  return {
    handler: createDetectHandler(pool, settings),
    concurrency: settings.concurrency,
    stop: () => pool.stop(),
  };
}

function warnOfLabels(detector: Model, warn: (message: string) => void): void {
  if (Object.keys(detector.labels).length === 0) {
    warn(
      `Nothing beside ${detector.path} names its classes, so results call them class_0, class_1 and so on. Add a model.json or config.json with the labels.`,
    );
  }
}
