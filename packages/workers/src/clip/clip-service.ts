import { downloadFile, GuardError } from '@spillway/sdk/net';
import { BatcherFullError } from '../engines/batcher.ts';
import { PoolFullError } from '../engines/thread-pool.ts';
import { decodeBase64Image } from '../media/base64-image.ts';
import { InputError } from '../media/input-error.ts';
import { ClipError } from './clip-error.ts';
import { type Embedder, normalizeLength } from './embedder.ts';
import type { ModelName } from './model-choice.ts';
import type { PictureInput, TextInput } from './schema.ts';

/** What the service's faces (jobs, HTTP) share: one picture or one text to the answer of the contract. */
export interface ClipServiceOptions {
  readonly embedder: Embedder;
  readonly name: ModelName;
  /** Numbers of a vector, where the model says so by itself. */
  readonly dim?: number | undefined;
  /** Settled by the worker's limits; rejects with a GuardError. */
  readonly download: (url: string, signal: AbortSignal | undefined) => Promise<Uint8Array>;
  readonly now: () => number;
}

export interface Embedding {
  readonly request_id?: string;
  readonly embedding: readonly number[];
  readonly dim: number;
  readonly model: string;
  readonly pretrained: string;
  readonly normalized: boolean;
  readonly timings: Timings;
}

/** Milliseconds; what a text has no download for is 0. */
export interface Timings {
  readonly download_ms: number;
  readonly inference_ms: number;
  readonly total_ms: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly group?: string | undefined;
}

export type ClipService = ReturnType<typeof createClipService>;

/** The download that a worker uses: limits from its settings, and nothing but the public internet unless opened. */
export function createDownload(limits: Parameters<typeof downloadFile>[1]): ClipServiceOptions['download'] {
  return (url, signal) => downloadFile(url, { ...limits, ...(signal ? { signal } : {}) });
}

export function createClipService({ embedder, name, dim, download, now }: ClipServiceOptions) {
  function checkModel(model: string | undefined): void {
    if (model === undefined || model === name.model) return;
    const sentence = `model: this worker runs ${name.model} (${name.pretrained}); got "${model}".`;
    throw new ClipError('INPUT_INVALID', sentence);
  }

  function answer(
    vector: Float32Array,
    { request_id, normalize = true }: PictureInput | TextInput,
    timings: Timings,
  ): Embedding {
    const embedding = Array.from(normalize ? normalizeLength(vector) : vector);
    return {
      ...(request_id === undefined ? {} : { request_id }),
      embedding,
      dim: embedding.length,
      ...name,
      normalized: normalize,
      timings,
    };
  }

  async function bytesOf(item: PictureInput, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (item.image_url === undefined) return decodeBase64Image(item.image ?? '');
    return download(item.image_url, signal);
  }

  return {
    name,
    dim,
    countTokens: (text: string) => embedder.countTokens(text),
    /** Of a picture whose caller may ask for it. @throws ClipError */
    async picture(item: PictureInput, options: CallOptions): Promise<Embedding> {
      checkModel(item.model);
      const startedAt = now();
      try {
        const bytes = await bytesOf(item, options.signal);
        const loadedAt = now();
        const field = item.image_url === undefined ? 'image' : 'image_url';
        const vector = await embedder.embedPicture(bytes, field, options);
        return answer(vector, item, timingsOf(startedAt, loadedAt, now()));
      } catch (error) {
        throw clipErrorOf(error, options.signal);
      }
    },
    /** @throws ClipError */
    async text(item: TextInput, options: CallOptions): Promise<Embedding> {
      checkModel(item.model);
      const { embedText } = embedder;
      if (!embedText)
        throw new ClipError(
          'INPUT_INVALID',
          `text: the model ${name.model} has no text tower; only pictures are embedded.`,
        );
      const startedAt = now();
      try {
        const vector = await embedText(item.text, options);
        return answer(vector, item, timingsOf(startedAt, startedAt, now()));
      } catch (error) {
        throw clipErrorOf(error, options.signal);
      }
    },
  };
}

function timingsOf(startedAt: number, loadedAt: number, endedAt: number): Timings {
  const tenth = (ms: number) => Math.round(ms * 10) / 10;
  return {
    download_ms: tenth(loadedAt - startedAt),
    inference_ms: tenth(endedAt - loadedAt),
    total_ms: tenth(endedAt - startedAt),
  };
}

/** A cancelled call ends with its own reason; everything else is the caller's, the network's or the model's. */
function clipErrorOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (error instanceof ClipError || signal?.aborted) return error;
  if (error instanceof InputError) return new ClipError('INPUT_INVALID', error.message, { cause: error });
  if (error instanceof GuardError) {
    const code = error.code === 'URL_INVALID' ? 'INPUT_INVALID' : 'DOWNLOAD_ERROR';
    return new ClipError(code, `image_url: ${error.message}.`, { cause: error });
  }
  if (error instanceof BatcherFullError || error instanceof PoolFullError) {
    return new ClipError('BUSY', 'Too many pictures and texts wait already; try again soon.', {
      cause: error,
    });
  }
  // What it was is in the worker's log, not in the answer.
  return new ClipError(
    'INFERENCE_ERROR',
    'The picture or text could not be embedded; the worker’s log says why.',
    {
      cause: error,
    },
  );
}
