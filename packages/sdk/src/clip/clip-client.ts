import type { Clock } from '../clock/clock.ts';
import { createSystemClock } from '../clock/clock.ts';
import { type Ask, createAsk } from './ask.ts';
import { type ClipImage, fieldsOf } from './clip-image.ts';
import { type ClipBackend, type ClipOverrides, readClipSettings } from './clip-settings.ts';
import type { ClipFallback } from './decide-fallback.ts';
import { embedList, type ListItem } from './embed-list.ts';
import { type ClipEmbedding, type ClipFailure, outputOf, readBatch, readEmbedding } from './read-reply.ts';
import { type ClipInput, createInputSigner } from './sign-input.ts';

export interface ClipClientOptions extends ClipOverrides {
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Further tries after an error that may pass, default 2. A refused signature is never tried again. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** Wall clock of signatures, epoch milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
  /** Makes ids of requests that have none. */
  readonly newId?: () => string;
}

export interface ClipRequest {
  readonly requestId?: string;
  /** Default true: the vector has length 1. */
  readonly normalize?: boolean;
  /** Refused by a worker that runs another one. */
  readonly model?: string;
  readonly signal?: AbortSignal;
}

export interface ClipAnswer extends ClipEmbedding {
  /** Which place answered. */
  readonly backend: ClipBackend;
  /** Set where that was not the one that was meant. */
  readonly fallback?: ClipFallback;
}

/** Each call throws ClipClientError, or the reason of its signal. */
export interface ClipClient {
  readonly backend: ClipBackend;
  embedImage(image: ClipImage, request?: ClipRequest): Promise<ClipAnswer>;
  /** Each by itself, in the order of the list: one that fails takes no other along. */
  embedImages(
    images: readonly ClipImage[],
    request?: Omit<ClipRequest, 'requestId'>,
  ): Promise<readonly (ClipAnswer | ClipFailure)[]>;
  /** 1 to 10000 characters. */
  embedText(text: string, request?: ClipRequest): Promise<ClipAnswer>;
}

const MOST_IN_BATCH = 16;

/**
 * Embeds pictures and texts where `CLIP_INFERENCE_BACKEND` says, falls back from RunPod to a gateway or worker of one's
 * own, and signs what it asks for. Node only.
 *
 * @example
 * const clip = createClipClient();
 * const { embedding, backend, fallback } = await clip.embedImage('https://example.com/a.jpg');
 *
 * @throws ClipSettingsError listing all that is wrong with the environment
 */
export function createClipClient(options: ClipClientOptions = {}): ClipClient {
  const { env = process.env, retries = 2, now = Date.now, random = Math.random } = options;
  const settings = readClipSettings(env, options);
  const ask = createAsk({
    settings,
    sign: createInputSigner(settings, now),
    retries,
    random,
    clock: options.clock ?? createSystemClock(),
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
  });
  const newId = options.newId ?? (() => crypto.randomUUID());
  const one = createAskOne(ask, newId);
  // Existing workers take one picture a job, and their signature covers no more.
  const isOneByOne = settings.signatureVersion === 0 && settings.secret !== undefined;
  return {
    backend: settings.backend,
    embedImage: async (image, request) => one(fieldsOf(image), request),
    embedText: (text, request) => one({ text }, request),
    embedImages: (images, request = {}) =>
      embedList(
        images.map((image) => ({ id: newId(), image })),
        {
          size: isOneByOne ? 1 : MOST_IN_BATCH,
          embedOne: ({ id, fields }) => one(fields, { ...request, requestId: id }),
          embedBatch: (items) => askBatch(ask, items, request),
        },
      ),
  };
}

type AskOne = (fields: ClipInput, request?: ClipRequest) => Promise<ClipAnswer>;

function createAskOne(ask: Ask, newId: () => string): AskOne {
  return async (fields, { requestId = newId(), normalize = true, model, signal } = {}) => {
    const input = { ...fields, request_id: requestId, normalize, ...(model === undefined ? {} : { model }) };
    const { value, ...place } = await ask(
      input,
      (reply) => readEmbedding(outputOf(reply), requestId),
      signal,
    );
    return answerOf(value, place);
  };
}

function answerOf(
  embedding: ClipEmbedding,
  { backend, fallback }: { backend: ClipBackend; fallback: ClipFallback | undefined },
): ClipAnswer {
  return { ...embedding, backend, ...(fallback ? { fallback } : {}) };
}

async function askBatch(
  ask: Ask,
  items: readonly ListItem[],
  { normalize = true, model, signal }: Omit<ClipRequest, 'requestId'>,
): Promise<readonly (ClipAnswer | ClipFailure)[]> {
  const more = { normalize, ...(model === undefined ? {} : { model }) };
  const ids = items.map(({ id }) => id);
  const images = items.map(({ id, fields }) => ({ ...fields, request_id: id, ...more }));
  const { value, ...place } = await ask({ images }, (reply) => readBatch(outputOf(reply), ids), signal);
  return value.map((one) => ('embedding' in one ? answerOf(one, place) : one));
}
