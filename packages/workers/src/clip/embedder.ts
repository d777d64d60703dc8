import type { Clock } from '@spillway/sdk/clock';
import { type Batcher, createBatcher } from '../engines/batcher.ts';
import type { Engine, Tensor, Tensors } from '../engines/engine.ts';
import { floatOutput } from '../engines/engine.ts';
import type { BatchSettings } from '../engines/engine-settings.ts';
import type { ThreadPool } from '../engines/thread-pool.ts';
import type { ClipTokenizer } from './tokenizer.ts';

/**
 * Pictures and texts to vectors of one space. Pictures are prepared in threads of their own while the model runs, and
 * what several jobs ask for at once goes through the model together.
 */
export interface Embedder {
  /** @throws InputError when the bytes are no picture that can be decoded. */
  embedPicture(bytes: Uint8Array, field: string, options: EmbedOptions): Promise<Float32Array>;
  /** Undefined where the model has no text tower. */
  readonly embedText: ((text: string, options: EmbedOptions) => Promise<Float32Array>) | undefined;
  /** Tokens of a text as the text tower reads it, 0 without one. */
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
  readonly text?: { readonly engine: Engine; readonly tokenizer: ClipTokenizer } | undefined;
  /** Threads that prepare pictures (`preprocess-thread.ts`). */
  readonly preparing: Pick<ThreadPool, 'run'>;
  readonly batch: BatchSettings;
  readonly clock: Clock;
}

export function createEmbedder(options: EmbedderOptions): Embedder {
  const { vision, size, text, preparing, batch, clock } = options;
  const pictures: Batcher<Float32Array, Float32Array> = createBatcher({
    ...batch,
    clock,
    async run(items, signal) {
      const feeds = { pixel_values: stack(items, [3, size, size]) };
      return rowsOf(await vision.run(feeds, { signal, move: true }), 'image_embeds');
    },
  });
  const texts = text && createTexts(text, batch, clock);
  return {
    async embedPicture(bytes, field, { signal, group }) {
      const pixels = (await preparing.run({ bytes, field }, { signal })) as Float32Array;
      return pictures.add(pixels, { signal, group });
    },
    embedText: texts?.embed,
    countTokens: (words) => (text ? countTokens(text.tokenizer.encode(words)) : 0),
    async stop() {
      await Promise.all([pictures.stop(), texts?.stop()]);
    },
  };
}

function createTexts(
  { engine, tokenizer }: { readonly engine: Engine; readonly tokenizer: ClipTokenizer },
  batch: BatchSettings,
  clock: Clock,
) {
  const wantsMask = engine.inputs.some(({ name }) => name === 'attention_mask');
  const batcher: Batcher<readonly number[], Float32Array> = createBatcher({
    ...batch,
    clock,
    async run(items, signal) {
      const dims = [items.length, tokenizer.contextLength];
      const ids = BigInt64Array.from(items.flat(), BigInt);
      const feeds: Record<string, Tensor> = { input_ids: { type: 'int64', data: ids, dims } };
      if (wantsMask) feeds.attention_mask = { type: 'int64', data: maskOf(items), dims };
      return rowsOf(await engine.run(feeds, { signal, move: true }), 'text_embeds');
    },
  });
  return {
    embed: (text: string, { signal, group }: EmbedOptions) =>
      batcher.add(tokenizer.encode(text), { signal, group }),
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

/** One tensor [B, …dims] of B arrays. */
function stack(items: readonly Float32Array[], dims: readonly number[]): Tensor {
  const [first] = items;
  const length = first?.length ?? 0;
  const data = items.length === 1 && first ? first : new Float32Array(items.length * length);
  if (items.length > 1) for (const [at, item] of items.entries()) data.set(item, at * length);
  return { type: 'float32', data, dims: [items.length, ...dims] };
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
