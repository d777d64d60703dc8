import { createSystemClock } from '@spillway/sdk/clock';
import { createAddressRules, type DownloadOptions } from '@spillway/sdk/net';
import { createReplayGuard, createVerifier, readSecrets, type Verifier } from '@spillway/sdk/signing';
import { contractFiles, matchSignature } from '../engines/contracts.ts';
import type { Engine, Tensors } from '../engines/engine.ts';
import { createEngineReport, warnOfUnusedCard } from '../engines/engine-report.ts';
import { type EngineSettings, parseEngineSettings } from '../engines/engine-settings.ts';
import { ModelError } from '../engines/model-error.ts';
import { infoOfModel } from '../engines/model-info.ts';
import { type Model, verifyModel } from '../engines/models.ts';
import { withRecycling } from '../engines/recycle.ts';
import { siblingModule } from '../engines/sibling-module.ts';
import { createThreadEngine } from '../engines/thread-engine.ts';
import { ThreadPool } from '../engines/thread-pool.ts';
import { DEFAULT_IMAGE_LIMITS } from '../media/image-limits.ts';
import type { WorkerContext, WorkerInstance } from '../registry.ts';
import { createEmbedder } from './embedder.ts';
import { createClipHandler } from './handler.ts';
import { chooseClipModel, loadTokenizer, nameOfModel } from './model-choice.ts';
import { CLIP_MEAN, CLIP_STD } from './preprocess.ts';
import type { PreprocessThreadData } from './preprocess-thread.ts';
import { clipRoutes } from './routes.ts';
import { createClipService, createDownload } from './service.ts';
import { type ClipSettings, parseClipSettings } from './settings.ts';

const DEFAULT_SIZE = 224;
/** Pixels a side of a picture, beside the limit of all of them. */
const MAX_SIDE = 16_384;
/** Pictures that may wait to be prepared, besides those that are. */
const MAX_WAITING = 1_024;

export interface StartOptions {
  /** How names in URLs are resolved; for tests. */
  readonly lookup?: DownloadOptions['lookup'];
}

/**
 * Starts the clip worker: reads its environment, finds the model, loads its towers in threads of their own.
 * @throws ClipSettingsError, EngineSettingsError or ModelError with a sentence for whoever runs the worker.
 */
export async function startClip(
  { env, warn }: WorkerContext,
  { lookup }: StartOptions = {},
): Promise<WorkerInstance> {
  const settings = parseClipSettings(env);
  const engineSettings = parseEngineSettings(env);
  const model = await chooseClipModel(settings);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((one) => one()));
  };
  try {
    const [towers] = await Promise.all([loadTowers(model, engineSettings, warn, stops), verifyModel(model)]);
    const { vision, text, size, dim } = towers;
    warnOfUnusedCard(vision.info, env, warn);
    if (settings.isOpen) warn('EMBEDDING_AUTH=off: anybody who may send jobs may have any URL fetched.');
    const preparing = createPreparing(model, size, engineSettings.cores);
    stops.unshift(() => preparing.stop());
    const clock = createSystemClock();
    const embedder = createEmbedder({
      ...{ vision, text, size, preparing, clock },
      batch: engineSettings.batch,
      isPreparedAhead: vision.info.provider === 'cuda',
    });
    stops.unshift(() => embedder.stop());
    const now = () => performance.now();
    const download = createDownload({
      ...settings.download,
      rules: createAddressRules(settings.allowPrivateUrls),
      ...(lookup ? { lookup } : {}),
    });
    const service = createClipService({ embedder, name: nameOfModel(model), dim, download, now });
    const face = { service, verifier: verifierOf(settings, env), now };
    const handler = createClipHandler(face);
    const report = createEngineReport(() => (text ? [vision.info, text.engine.info] : [vision.info]));
    stops.push(async () => report.stop());
    const { isOpen, windowSeconds, concurrency } = settings;
    return {
      handler: withRecycling(handler, engineSettings.recycle),
      concurrency,
      routes: clipRoutes(face),
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

function verifierOf(settings: ClipSettings, env: WorkerContext['env']): Verifier | undefined {
  if (settings.isOpen) return undefined;
  const now = () => Date.now();
  const { windowSeconds } = settings;
  return createVerifier({
    secrets: readSecrets(env),
    windowSeconds,
    now,
    replays: createReplayGuard({ now }),
  });
}

/** Threads that decode and resample; further ones are started only when pictures wait for the first. */
function createPreparing(model: Model, size: number, cores: number): ThreadPool {
  const { mean = CLIP_MEAN, std = CLIP_STD } = model;
  const data: PreprocessThreadData = {
    settings: { size, mean, std },
    limits: { ...DEFAULT_IMAGE_LIMITS, maxSide: MAX_SIDE },
  };
  return new ThreadPool({
    entry: siblingModule(import.meta.url, 'preprocess-thread'),
    data,
    size: cores,
    maxWaiting: MAX_WAITING,
    warmUp: 'off',
  });
}

async function loadTowers(
  model: Model,
  settings: EngineSettings,
  warn: (message: string) => void,
  stops: (() => Promise<void>)[],
) {
  const size = model.inputSize ?? DEFAULT_SIZE;
  const { vision: visionFile = '', text: textFile } = model.files;
  const load = async (role: 'vision' | 'text', file: string, warmUpFeeds: Tensors) => {
    const engine = await createThreadEngine({ file, settings, warmUpFeeds, warn });
    stops.push(() => engine.dispose());
    checkContract(engine, role, file);
    return engine;
  };
  const pixels = {
    type: 'float32',
    data: new Float32Array(3 * size * size),
    dims: [1, 3, size, size],
  } as const;
  const ids = { type: 'int64', data: new BigInt64Array(77), dims: [1, 77] } as const;
  const [vision, textEngine, tokenizer] = await Promise.all([
    load('vision', visionFile, { pixel_values: pixels }),
    textFile === undefined ? undefined : load('text', textFile, { input_ids: ids }),
    textFile === undefined ? undefined : loadTokenizer(model),
  ]);
  const text = textEngine && tokenizer ? { engine: textEngine, tokenizer } : undefined;
  return { vision, text, size: sizeOf(vision, size), dim: dimOf(vision) };
}

function checkContract(engine: Engine, role: 'vision' | 'text', subject: string): void {
  const file = contractFiles('clip')[role];
  if (!file) throw new ModelError(`the contract clip has no ${role} tower`);
  matchSignature(engine, file, subject);
}

function dimOf(vision: Engine): number | undefined {
  const width = vision.outputs.find(({ name }) => name === 'image_embeds')?.shape[1];
  return typeof width === 'number' && width > 0 ? width : undefined;
}

/** A graph with a fixed size knows best. */
function sizeOf(vision: Engine, configured: number): number {
  const side = vision.inputs.find(({ name }) => name === 'pixel_values')?.shape[2];
  return typeof side === 'number' && side > 0 ? side : configured;
}
