import type { Clock } from '@spillway/sdk/clock';
import { contractFiles, matchSignature } from '../engines/contracts.ts';
import type { Engine, EngineInfo, Tensors } from '../engines/engine.ts';
import type { EngineSettings } from '../engines/engine-settings.ts';
import { ModelError } from '../engines/model-error.ts';
import type { Model } from '../engines/models.ts';
import type { SpareThread } from '../engines/spare-thread.ts';
import { createThreadEngine, type ThreadEngine } from '../engines/thread-engine.ts';
import { loadTokenizer } from './model-choice.ts';
import type { ClipTokenizer } from './tokenizer.ts';

/**
 * The two halves of a CLIP model, each in a thread of its own. A worker is ready with its vision tower; the text tower,
 * which many workers never use, is loaded at the first text, or when the worker has been up for a moment.
 */
export interface Towers {
  readonly vision: ThreadEngine;
  /** Side of the square that the vision tower takes. */
  readonly size: number;
  /** Numbers of a vector, where the vision tower says so by itself. */
  readonly dim: number | undefined;
  /** Undefined where the model has no text tower. */
  readonly text: (() => Promise<TextTower>) | undefined;
  /** What the loaded ones run on. */
  engines(): readonly EngineInfo[];
  stop(): Promise<void>;
}

export interface TextTower {
  readonly engine: Engine;
  readonly tokenizer: ClipTokenizer;
}

export interface TowerOptions {
  readonly model: Model;
  readonly settings: EngineSettings;
  /** Becomes the vision tower's thread. */
  readonly spare?: SpareThread | undefined;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

const DEFAULT_SIZE = 224;
/** A worker that was started for a picture answers it first. */
const TEXT_AFTER_MS = 2_000;

/** @throws ModelError or Error with the sentence why the model can't be used. */
export async function loadTowers(options: TowerOptions): Promise<Towers> {
  const { model, settings, spare, clock, warn } = options;
  const size = model.inputSize ?? DEFAULT_SIZE;
  const loaded = createEngineSet();
  const dims = [1, 3, size, size] as const;
  const pixels = { type: 'float32', data: new Float32Array(3 * size * size), dims } as const;
  try {
    const vision = await loadTower(options, 'vision', { pixel_values: pixels }, loaded, spare);
    const text = model.files.text === undefined ? undefined : createTextLoader(options, loaded);
    if (settings.warmUp === 'ready') await text?.();
    const loadLater = () => text?.().catch((error: Error) => warn(error.message));
    const callOff = text && settings.warmUp === 'idle' ? clock.timer(TEXT_AFTER_MS, loadLater) : undefined;
    return {
      ...{ vision, text, size: sizeOf(vision, size), dim: dimOf(vision) },
      engines: loaded.infos,
      async stop() {
        callOff?.();
        await loaded.stop();
      },
    };
  } catch (error) {
    await loaded.stop();
    throw error;
  }
}

type EngineSet = ReturnType<typeof createEngineSet>;

/** The engines that live, also one that is being loaded while the worker stops. */
function createEngineSet() {
  const engines = new Set<ThreadEngine>();
  let isStopped = false;
  return {
    infos: () => [...engines].map(({ info }) => info),
    /** The engine, if `check` does not throw; else it is unloaded. */
    async add(engine: ThreadEngine, check: () => void): Promise<ThreadEngine> {
      try {
        if (isStopped) throw new Error('The worker is stopping and takes no more work.');
        check();
      } catch (error) {
        await engine.dispose();
        throw error;
      }
      engines.add(engine);
      return engine;
    },
    async stop() {
      isStopped = true;
      await Promise.all([...engines].map((engine) => engine.dispose()));
    },
  };
}

/** One tower for all who ask; after a failure the next one who asks tries again. */
function createTextLoader(options: TowerOptions, loaded: EngineSet): () => Promise<TextTower> {
  let loading: Promise<TextTower> | undefined;
  const ids = { type: 'int64', data: new BigInt64Array(77), dims: [1, 77] } as const;
  return () => {
    loading ??= Promise.all([
      loadTower(options, 'text', { input_ids: ids }, loaded),
      loadTokenizer(options.model),
    ]).then(([engine, tokenizer]) => ({ engine, tokenizer }));
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
}

async function loadTower(
  { model, settings, warn }: TowerOptions,
  role: 'vision' | 'text',
  warmUpFeeds: Tensors,
  loaded: EngineSet,
  spare?: SpareThread,
): Promise<ThreadEngine> {
  const file = model.files[role] ?? '';
  const engine = await createThreadEngine({ file, settings, warmUpFeeds, warn, spare });
  return loaded.add(engine, () => {
    const rules = contractFiles('clip')[role];
    if (!rules) throw new ModelError(`the contract clip has no ${role} tower`);
    matchSignature(engine, rules, file);
  });
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
