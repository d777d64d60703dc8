import { createSystemClock } from '@spillway/sdk/clock';
import type { DownloadOptions } from '@spillway/sdk/net';
import { createEngineReport, warnOfUnusedCard } from '../engines/engine-report.ts';
import { parseEngineSettings } from '../engines/engine-settings.ts';
import { infoOfModel } from '../engines/model-info.ts';
import { type Model, verifyModel } from '../engines/models.ts';
import { withRecycling } from '../engines/recycle.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import type { SpareThread } from '../engines/spare-thread.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import { DEFAULT_IMAGE_LIMITS } from '../media/image-limits.ts';
import type { WorkerContext, WorkerInstance } from '../worker-instance.ts';
import { createEmbedder } from './embedder.ts';
import { chooseClipModel } from './model-choice.ts';
import { CLIP_MEAN, CLIP_STD } from './preprocess.ts';
import type { PreprocessThreadData } from './preprocess-thread.ts';
import { parseClipSettings } from './settings.ts';
import { loadTowers } from './towers.ts';

/** Pixels a side of a picture, beside the limit of all of them. */
const MAX_SIDE = 16_384;
/** Pictures that may wait to be prepared, besides those that are. */
const MAX_WAITING = 1_024;

export interface StartOptions {
  /** How names in URLs are resolved; for tests. */
  readonly lookup?: DownloadOptions['lookup'];
  /** Becomes the vision tower's thread. */
  readonly spare?: SpareThread | undefined;
}

/**
 * Starts the clip worker: reads its environment, finds the model, loads its towers in threads of their own.
 * @throws ClipSettingsError, EngineSettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startClip(
  { env, warn }: WorkerContext,
  { lookup, spare }: StartOptions = {},
): Promise<WorkerInstance> {
  const settings = parseClipSettings(env);
  const engineSettings = parseEngineSettings(env);
  const model = await chooseClipModel(settings);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((one) => one()));
  };
  try {
    const clock = createSystemClock();
    const loading = loadTowers({ model, settings: engineSettings, spare, clock, warn });
    stops.push(async () => (await loading.catch(() => undefined))?.stop());
    const preparing = createPreparing(model, engineSettings.cores);
    stops.push(() => preparing.stop());
    const [towers, { createServing }] = await Promise.all([
      loading,
      loadServing(preparing),
      verifyModel(model),
    ]);
    const { vision, text, size, dim } = towers;
    warnOfUnusedCard(vision.info, env, warn);
    if (settings.isOpen) warn('EMBEDDING_AUTH=off: anybody who may send jobs may have any URL fetched.');
    const embedder = createEmbedder({
      ...{ vision, text, size, preparing, clock },
      batch: engineSettings.batch,
      isPreparedAhead: vision.info.provider === 'cuda',
    });
    stops.unshift(() => embedder.stop());
    const { handler, routes } = createServing({ settings, env, model, embedder, dim, lookup });
    const report = createEngineReport(towers.engines);
    stops.push(async () => report.stop());
    const { isOpen, windowSeconds, concurrency } = settings;
    return {
      handler: withRecycling(handler, engineSettings.recycle),
      concurrency,
      routes,
      info: () => ({
        worker: 'clip',
        models: [infoOfModel(text ? 'pictures and texts' : 'pictures', model)],
        engine: report.read(),
        settings: {
          auth: isOpen ? 'off' : 'required',
          window_seconds: windowSeconds,
          batch: engineSettings.batch,
        },
      }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One after the other: beside the model that is being loaded, there is hardly more than one core for all this. */
async function loadServing(preparing: ThreadPool): Promise<typeof import('./serving.ts')> {
  const serving = await import('./serving.ts');
  // The first picture need not wait for the thread. What keeps it from starting is said to whoever sends one.
  preparing.start().catch(() => undefined);
  return serving;
}

/** Threads that decode and resample; further ones are started only when pictures wait for the first. */
function createPreparing(model: Model, cores: number): ThreadPool {
  const { mean = CLIP_MEAN, std = CLIP_STD } = model;
  const limits = { ...DEFAULT_IMAGE_LIMITS, maxSide: MAX_SIDE };
  const data: PreprocessThreadData = { mean, std, limits };
  return new ThreadPool({
    entry: siblingModule(import.meta.url, 'preprocess-thread'),
    data,
    size: cores,
    maxWaiting: MAX_WAITING,
    warmUp: 'off',
  });
}
