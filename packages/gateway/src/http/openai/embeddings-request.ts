import { EMBEDDINGS_ROUTE, embeddingsRequestSchema } from '@spillway/protocol';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import type { Submission } from '../../jobs/queue.ts';
import { joinJsonObject, sliceJsonArray } from '../../lib/json-slices.ts';
import { maySee } from '../auth.ts';
import { parseObject, parseSubmit } from '../parse-submit.ts';
import { type Call, waitOf } from '../route.ts';
import { type OpenAiError, openAiErrorOf } from './openai-error.ts';
import { OPENAI_WAIT } from './openai-request.ts';

/** Texts and pictures of one job: what a worker takes in one batch. Longer lists become several jobs. */
const ITEMS_OF_A_JOB = 16;

/** A call of `/v1/embeddings` as the jobs that answer it, in the order of its items. */
export interface EmbeddingsCall {
  readonly parts: readonly EmbeddingsPart[];
  readonly waitMs: number;
}

export interface EmbeddingsPart {
  readonly submission: Submission;
  /** How many items it has. */
  readonly size: number;
}

/** The call, or why it can't be answered. Throws INPUT_INVALID where it is no JSON object. */
export function parseEmbeddingsCall(call: Call): EmbeddingsCall | OpenAiError {
  const waitMs = waitOf(call, OPENAI_WAIT);
  const { slices, value } = parseObject(call.body);
  const checked = embeddingsRequestSchema.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const field = issue?.path.join('.') || 'body';
    const error = openAiErrorOf(400, 'INPUT_INVALID', `${field}: ${issue?.message}`);
    return { ...error, param: String(issue?.path[0] ?? '') || null };
  }
  const endpoint = endpointFor(call, checked.data.model);
  if (!('name' in endpoint)) return endpoint;
  const input = slices.get('input') ?? '""';
  // The endpoint was found by the model's name, which need not be the one that its worker knows it by.
  const rest = [...slices].filter(([key]) => key !== 'input' && key !== 'model');
  const parts = partsOf(input).map(({ text, size }) => {
    const body = joinJsonObject([...rest, ['input', text]]);
    return { submission: submissionOf(call, endpoint, body, waitMs), size };
  });
  return { parts, waitMs };
}

function partsOf(input: string): readonly { readonly text: string; readonly size: number }[] {
  const items = input.startsWith('[') ? sliceJsonArray(input) : undefined;
  if (!items || items.length <= ITEMS_OF_A_JOB) return [{ text: input, size: items?.length ?? 1 }];
  const parts = [];
  for (let at = 0; at < items.length; at += ITEMS_OF_A_JOB) {
    const some = items.slice(at, at + ITEMS_OF_A_JOB);
    parts.push({ text: `[${some.join(',')}]`, size: some.length });
  }
  return parts;
}

function submissionOf(call: Call, endpoint: Endpoint, body: string, waitMs: number): Submission {
  const input = `{"openai_route":${JSON.stringify(EMBEDDINGS_ROUTE)},"openai_input":${body}}`;
  // The key has let its caller in; the worker believes signatures alone.
  const signed = call.parts.signatures?.seal(endpoint.name, input) ?? input;
  const submission = parseSubmit(`{"input":${signed}}`, endpoint, true);
  // Nobody can fetch the result once the call is over, so jobs that outlive it soon end.
  const ttlMs = Math.min(submission.ttlMs, waitMs + submission.executionTimeoutMs);
  return { ...submission, ttlMs };
}

/** The endpoint that has the model, of those that the caller's key is for. */
function endpointFor(call: Call, model: string | undefined): Endpoint | OpenAiError {
  const { caller, parts } = call;
  const known = [...parts.endpoints].filter((one) => one.embeddingModels && maySee(caller, one.name));
  const names = known.flatMap((one) => one.embeddingModels ?? []);
  const byName = known.find((one) => one.embeddingModels?.includes(model ?? ''));
  const only = known.length === 1 && model === undefined ? known[0] : undefined;
  const found = only ?? byName ?? known.find((one) => one.name === model);
  if (found) return found;
  const which = names.length === 0 ? NO_MODELS : `There are: ${names.join(', ')}.`;
  if (model === undefined && names.length > 0)
    return { ...openAiErrorOf(400, 'INPUT_INVALID', `model: missing. ${which}`), param: 'model' };
  const message = `The model "${model ?? ''}" does not exist or this key is not for it. ${which}`;
  return {
    ...openAiErrorOf(404, 'model_not_found', message, false),
    type: 'invalid_request_error',
    param: 'model',
  };
}

const NO_MODELS = 'No endpoint has models for embeddings (`embeddingModels` in spillway.yaml).';
