import { EMBEDDINGS_ROUTE } from '@spillway/protocol';
import {
  AUTHENTICATION_FAILED,
  imageTextV0,
  jobTextV0,
  textTextV0,
  type Verifier,
} from '@spillway/sdk/signing';
import type { PodAnswer, PodCall, PodRoute } from '../pod/pod-route.ts';
import { ClipError, statusOf } from './clip-error.ts';
import type { ClipService } from './clip-service.ts';
import { causeOf, embedBatch, type Fields, requestIdOf } from './embed-batch.ts';
import { embedForOpenAi, listModels, OpenAiError, openAiErrorOf } from './openai-embeddings.ts';
import { batchOf, parsePicture, parseText } from './schema.ts';

/** The clip worker's own HTTP face: pictures, batches and texts as its users call them, and OpenAI's embeddings. */
export interface ClipRoutesOptions {
  readonly service: ClipService;
  /** Undefined: calls need no signature. */
  readonly verifier: Verifier | undefined;
  readonly now: () => number;
}

/** A picture of 20 MB in base64, and some; four of them in a batch. */
const MAX_PICTURE_BYTES = 32_000_000;
const MAX_BATCH_BYTES = 128_000_000;
/** 10000 characters, each written as an escape, and some. */
const MAX_TEXT_BYTES = 100_000;
const MAX_EMBEDDINGS_BYTES = 64_000_000;
const RETRY_SOON = { 'retry-after': '1' };

export function clipRoutes(options: ClipRoutesOptions): readonly PodRoute[] {
  const { service } = options;
  const post = (
    path: string,
    maxBodyBytes: number,
    answer: (call: PodCall, body: Fields) => Promise<object>,
  ) => ({ method: 'POST', path, maxBodyBytes, handle: (call) => answering(call, answer) }) satisfies PodRoute;
  return [
    post('/v1/embed/image', MAX_PICTURE_BYTES, async (call, body) => {
      admit(options, call, body, ofPicture(call, body));
      return service.picture(parsePicture(body), groupOf(call));
    }),
    post('/v1/embed/image-batch', MAX_BATCH_BYTES, (call, body) => embedItems(options, call, body)),
    post('/v1/embed/text', MAX_TEXT_BYTES, async (call, body) => {
      admit(options, call, body, ofText(call, body));
      return service.text(parseText(body), groupOf(call));
    }),
    {
      ...{ method: 'POST', path: EMBEDDINGS_ROUTE, maxBodyBytes: MAX_EMBEDDINGS_BYTES },
      handle: (call) => answerOpenAi(options, call),
    },
    {
      method: 'GET',
      path: '/v1/models',
      maxBodyBytes: 0,
      handle: async () => ({ body: listModels(service) }),
    },
  ];
}

const groupOf = ({ id, signal }: PodCall) => ({ group: id, signal });

/** A batch is signed as a whole (version 1), or item by item. */
async function embedItems(options: ClipRoutesOptions, call: PodCall, body: Fields): Promise<object> {
  const isWhole = body.auth !== undefined && body.auth !== null;
  if (isWhole) admit(options, call, body);
  const [field, given] = body.items === undefined ? ['images', body.images] : ['items', body.items];
  return embedBatch(batchOf(given, field as string), {
    ...options,
    call: groupOf(call),
    isAllowed: (item) => isWhole || isSigned(options, call, item, ofPicture(call, item)),
    onError: (error) => logCause(error, call),
  });
}

/** Texts that a signature of version 0 may be of. */
type TextsV0 = ((ts: number) => readonly string[]) | undefined;

const ofPicture = ({ path }: PodCall, { image_url: url }: Fields): TextsV0 =>
  typeof url === 'string' ? (ts) => [imageTextV0(path, url, ts), jobTextV0(url, ts)] : undefined;

const ofText = ({ path }: PodCall, { text }: Fields): TextsV0 =>
  typeof text === 'string' ? (ts) => [textTextV0(path, text, ts)] : undefined;

/** @throws ClipError */
function admit(options: ClipRoutesOptions, call: PodCall, body: Fields, v0?: TextsV0): void {
  if (!isSigned(options, call, body, v0)) throw new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);
}

function isSigned({ verifier }: ClipRoutesOptions, call: PodCall, body: Fields, v0?: TextsV0): boolean {
  if (!verifier) return true;
  const { method, path, id, log } = call;
  // The same picture twice in one batch, signed in the same second, is no replay.
  const refusal = verifier.verify(body.auth, { v0, v1: { method, path, body }, holder: id });
  if (refusal !== undefined) log(`${id}: refused a signature: ${refusal}`);
  return refusal === undefined;
}

async function answering(
  call: PodCall,
  answer: (call: PodCall, body: Fields) => Promise<object>,
): Promise<PodAnswer> {
  const body = call.json();
  try {
    return { body: await answer(call, body) };
  } catch (error) {
    if (!(error instanceof ClipError)) throw error;
    logCause(error, call);
    const { code, message } = error;
    return {
      status: statusOf(error),
      headers: code === 'BUSY' ? RETRY_SOON : {},
      body: { ...requestIdOf(body), error: { code, message }, detail: message },
    };
  }
}

/** OpenAI's clients send a key and can't sign, so the worker's `API_KEY` will do in place of a signature. */
async function answerOpenAi(options: ClipRoutesOptions, call: PodCall): Promise<PodAnswer> {
  const headers = { 'x-request-id': call.id };
  const body = call.json();
  try {
    if (!call.hasKey) admit(options, call, body);
    return { headers, body: await embedForOpenAi(options.service, body, groupOf(call)) };
  } catch (error) {
    const known = error instanceof ClipError ? openAiErrorOf(error) : error;
    if (!(known instanceof OpenAiError)) throw error;
    if (known.cause instanceof ClipError) logCause(known.cause, call);
    const { status, body: answer } = known;
    return { status, headers: { ...headers, ...(status === 503 ? RETRY_SOON : {}) }, body: answer };
  }
}

function logCause(error: ClipError, { id, log }: PodCall): void {
  const cause = causeOf(error);
  if (cause !== undefined) log(`${id}: ${cause}`);
}
