import type { Clock } from '@spillway/sdk/clock';
import { type Batcher, createBatcher, ItemFailure } from '../engines/batcher.ts';
import type { Engine, Tensor, Tensors } from '../engines/engine.ts';
import { floatOutput } from '../engines/engine.ts';
import type { BatchSettings } from '../engines/engine-settings.ts';
import type { ThreadPool } from '../engines/thread-pool.ts';
import type { ClipTokenizer } from './tokenizer.ts';
import type { TextTower } from './towers.ts';

/**
 * Pictures and texts to vectors of one space. What several jobs ask for at once goes through the model together. Pictures
 * are prepared in threads of their own: where the model runs on a card while it works, else between its runs.
 */
export interface Embedder {
  /** @throws InputError when the bytes are no picture that can be decoded. */
  embedPicture(bytes: Uint8Array, field: string, options: EmbedOptions): Promise<Float32Array>;
  /** Undefined where the model has no text tower. */
  readonly embedText: ((text: string, options: EmbedOptions) => Promise<Float32Array>) | undefined;
  /** Tokens of a text that was embedded, as the text tower reads it. */
  countTokens(text: string): number;
  stop(): Promise<void>;
}

export interface EmbedOptions {
  readonly signal?: AbortSignal | undefined;
  /** The job, for fairness between jobs. */
  readonly group?: string | undefined;
}

export interface EmbedderOptions {
  readonly vision: Engine;
  /** Side of the square that the vision tower takes. */
  readonly size: number;
  /** Loads the text tower at the first call. */
  readonly text?: (() => Promise<TextTower>) | undefined;
  /** Threads that prepare pictures (`preprocess-thread.ts`). */
  readonly preparing: Pick<ThreadPool, 'run'>;
  /**
   * Prepares pictures also while the model runs, for a model that leaves the processor free. On the processor itself this
   * costs twice: a run is split evenly over the cores, so while one of them prepares a picture the others wait for it.
   */
  readonly isPreparedAhead: boolean;
  readonly batch: BatchSettings;
  readonly clock: Clock;
}

export function createEmbedder(options: EmbedderOptions): Embedder {
  const { text, batch, clock } = options;
  const pictures = createPictures(options);
  const batcher: Batcher<Picture, Float32Array> = createBatcher({ ...batch, clock, run: pictures.embed });
  const texts = text && createTexts(text, batch, clock);
  return {
    embedPicture: (bytes, field, { signal, group }) =>
      batcher.add(pictures.take(bytes, field, signal), { signal, group }),
    embedText: texts?.embed,
    countTokens: (words) => texts?.countTokens(words) ?? 0,
    async stop() {
      await Promise.all([batcher.stop(), texts?.stop()]);
    },
  };
}

interface Picture {
  /** Prepares it, the first time. */
  pixels(): Promise<Float32Array | ItemFailure>;
}

/**
 * Pixels go from the threads that prepare them to the model's in memory that all of them share, and that is used again:
 * what passed through the main thread instead would cost it a garbage collection every few pictures.
 */
function createPictures({ vision, size, preparing, isPreparedAhead, batch }: EmbedderOptions) {
  const mostFree = 2 * batch.maxSize;
  const free: Float32Array[] = [];
  let isRunning = false;

  async function prepare(bytes: Uint8Array, field: string, signal: AbortSignal | undefined) {
    const into = free.pop() ?? sharedFloats(3 * size * size);
    try {
      await preparing.run({ bytes, field, size, into }, { signal });
      return into;
    } catch (error) {
      // A thread may still write there, so it is not used again.
      return new ItemFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function run(pixels: readonly Float32Array[], signal: AbortSignal): Promise<Float32Array[]> {
    const [data, ...more] = pixels;
    if (data === undefined) return [];
    const dims = [pixels.length, 3, size, size];
    const feeds = { pixel_values: { type: 'float32', data, more, dims } } as const;
    isRunning = true;
    try {
      return rowsOf(await vision.run(feeds, { signal }), 'image_embeds');
    } finally {
      isRunning = false;
    }
  }

  return {
    take(bytes: Uint8Array, field: string, signal: AbortSignal | undefined): Picture {
      let pixels: ReturnType<typeof prepare> | undefined;
      const picture: Picture = {
        pixels() {
          pixels ??= prepare(bytes, field, signal);
          return pixels;
        },
      };
      if (isPreparedAhead || !isRunning) void picture.pixels();
      return picture;
    },
    async embed(pictures: readonly Picture[], signal: AbortSignal): Promise<(Float32Array | ItemFailure)[]> {
      const prepared = await Promise.all(pictures.map((picture) => picture.pixels()));
      const pixels = prepared.filter((one) => one instanceof Float32Array);
      const rows = (await run(pixels, signal)).values();
      free.push(...pixels.slice(0, mostFree - free.length));
      return prepared.map((one) => (one instanceof ItemFailure ? one : (rows.next().value as Float32Array)));
    },
  };
}

const sharedFloats = (length: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));

function createTexts(load: () => Promise<TextTower>, batch: BatchSettings, clock: Clock) {
  let tokenizer: ClipTokenizer | undefined;
  const batcher: Batcher<readonly number[], Float32Array> = createBatcher({
    ...batch,
    clock,
    async run(items, signal) {
      const { engine, tokenizer: reader } = await load();
      const dims = [items.length, reader.contextLength];
      const ids = BigInt64Array.from(items.flat(), BigInt);
      const feeds: Record<string, Tensor> = { input_ids: { type: 'int64', data: ids, dims } };
      const wantsMask = engine.inputs.some(({ name }) => name === 'attention_mask');
      if (wantsMask) feeds.attention_mask = { type: 'int64', data: maskOf(items), dims };
      return rowsOf(await engine.run(feeds, { signal, move: true }), 'text_embeds');
    },
  });
  return {
    countTokens: (text: string) => (tokenizer ? countTokens(tokenizer.encode(text)) : 0),
    async embed(text: string, { signal, group }: EmbedOptions) {
      ({ tokenizer } = await load());
      return batcher.add(tokenizer.encode(text), { signal, group });
    },
    stop: () => batcher.stop(),
  };
}

/** Up to the first end of the text; what follows only fills the row. */
const countTokens = (row: readonly number[]): number => row.indexOf(row.at(-1) ?? -1) + 1;

/** 1 for tokens, 0 for what only fills the row. */
function maskOf(rows: readonly (readonly number[])[]): BigInt64Array {
  const mask = rows.flatMap((row) => {
    const count = countTokens(row);
    return row.map((_id, at) => (at < count ? 1n : 0n));
  });
  return BigInt64Array.from(mask);
}

function rowsOf(outputs: Tensors, name: string): Float32Array[] {
  const { data, dims } = floatOutput(outputs, name);
  const [count = 0, width = 0] = dims;
  return Array.from({ length: count }, (_, row) => data.slice(row * width, (row + 1) * width));
}

/** Length 1, as vectors are compared; a vector of zeros stays as it is. */
export function normalizeLength(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  return length === 0 ? vector : vector.map((value) => value / length);
}
