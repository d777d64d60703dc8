import type { Clock } from '@spillway/sdk/clock';
import type { Engine, EngineInfo, RunOptions, TensorInfo, Tensors } from './engine.ts';
import { type EngineSettings, isFastStartWorthIt, shareCores } from './engine-settings.ts';
import type { ModelThreadData } from './model-thread.ts';
import type { OnnxOptions } from './onnx.ts';
import { siblingModule } from './sibling-module.ts';
import type { SpareThread } from './spare-thread.ts';
import { tensorBuffers } from './tensor-buffers.ts';
import { ThreadPool } from './thread-pool.ts';

/**
 * A model file that runs in a thread of its own, for workers whose only heavy step besides pictures is the model. To its
 * caller it is an engine like any other: put a batcher (`batcher.ts`) in front of it where several jobs share it.
 */
export interface ThreadEngineOptions {
  /** An `.onnx` file. */
  readonly file: string;
  readonly settings: EngineSettings;
  /** Engines and threads of this worker that compute at the same time and share its cores; default 1. */
  readonly sharedBy?: number | undefined;
  /** Becomes its first thread. */
  readonly spare?: SpareThread | undefined;
  /** What a warm-up run is fed with; without it there is no warm-up. */
  readonly warmUpFeeds?: Tensors | undefined;
  /** Most runs that wait besides the one that runs; default 64. */
  readonly maxWaiting?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

export interface ThreadEngine extends Engine {
  /** What it runs on now; a session that was replaced or loaded again may differ from the first. */
  readonly info: EngineInfo;
}

interface ReadyInfo {
  readonly engine: EngineInfo;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/**
 * Loads the model and resolves when it can run. With `move: true`, `run` takes the memory of the feeds; their arrays are
 * empty afterwards. Runs are answered in the order in which they were asked for.
 * @throws Error with the sentence why the model cannot be used.
 */
export async function createThreadEngine(options: ThreadEngineOptions): Promise<ThreadEngine> {
  const pool = new ThreadPool({
    ...modelThread(options),
    spare: options.spare,
    size: 1,
    maxWaiting: options.maxWaiting ?? 64,
    warmUp: options.settings.warmUp,
    idleUnloadMs: options.settings.idleUnloadMs,
    clock: options.clock,
    warn: options.warn,
  });
  const first = await pool.start().catch(async (error: unknown) => {
    await pool.stop();
    throw error;
  });
  const { inputs, outputs } = first as ReadyInfo;
  return {
    inputs,
    outputs,
    get info() {
      return (pool.info as ReadyInfo).engine;
    },
    async run(feeds: Tensors, { signal, move }: RunOptions = {}) {
      const transfer = move === true ? tensorBuffers(feeds) : [];
      return (await pool.run(feeds, { signal, transfer })) as Tensors;
    },
    dispose: () => pool.stop(),
  };
}

function modelThread({ file, settings, sharedBy = 1, warmUpFeeds }: ThreadEngineOptions): {
  entry: URL;
  data: ModelThreadData;
  quickData?: ModelThreadData;
} {
  const { cores, provider } = settings;
  const options: OnnxOptions = { threads: shareCores(cores, sharedBy), provider };
  const data: ModelThreadData = { file, options, warmUpFeeds };
  const quick = isFastStartWorthIt(settings, [file])
    ? { quickData: { ...data, options: { ...options, isQuick: true } } }
    : {};
  return { entry: siblingModule(import.meta.url, 'model-thread'), data, ...quick };
}
