import { EMBEDDINGS_LIMITS, EMBEDDINGS_ROUTE, embeddingsRequestSchema } from '@spillway/protocol';
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
  const parts = partsOf(slices.get('input') ?? '""', value);
  const problem = findProblem(value, parts);
  if (problem) return problem;
  const endpoint = endpointFor(call, value.model);
  if (!('name' in endpoint)) return endpoint;
  // The endpoint was found by the model's name, which need not be the one that its worker knows it by.
  const rest = [...slices].filter(([key]) => key !== 'input' && key !== 'model');
  return {
    waitMs,
    parts: parts.map(({ text, size }) => {
      const body = joinJsonObject([...rest, ['input', text]]);
      return { submission: submissionOf(call, endpoint, body, waitMs), size };
    }),
  };
}

/** A piece of `input`, as it arrived and as a value. */
interface InputPart {
  readonly text: string;
  readonly input: unknown;
  readonly size: number;
}

function partsOf(text: string, { input }: Readonly<Record<string, unknown>>): readonly InputPart[] {
  if (!Array.isArray(input)) return [{ text, input, size: 1 }];
  if (input.length <= ITEMS_OF_A_JOB) return [{ text, input, size: input.length }];
  const slices = sliceJsonArray(text);
  const parts: InputPart[] = [];
  for (let at = 0; at < slices.length; at += ITEMS_OF_A_JOB) {
    const some = slices.slice(at, at + ITEMS_OF_A_JOB);
    const values = input.slice(at, at + ITEMS_OF_A_JOB) as unknown[];
    parts.push({ text: `[${some.join(',')}]`, input: values, size: some.length });
  }
  return parts;
}

/** Looked for part by part, since the limits of the schema are those of one worker's call. */
function findProblem(
  value: Readonly<Record<string, unknown>>,
  parts: readonly InputPart[],
): OpenAiError | undefined {
  const { items: most } = EMBEDDINGS_LIMITS;
  const count = parts.reduce((sum, { size }) => sum + size, 0);
  if (count > most) return invalid('input', `input: holds ${count}; expected at most ${most}`);
  for (const [index, { input }] of parts.entries()) {
    const checked = embeddingsRequestSchema.safeParse({
      ...value,
      ...(input === undefined ? {} : { input }),
    });
    const [issue] = checked.error?.issues ?? [];
    if (!issue) continue;
    const [field = 'body', at] = issue.path;
    const place = typeof at === 'number' ? `.${at + index * ITEMS_OF_A_JOB}` : '';
    return invalid(String(field), `${String(field)}${place}: ${issue.message}`);
  }
  return undefined;
}

function invalid(param: string, message: string): OpenAiError {
  return { ...openAiErrorOf(400, 'INPUT_INVALID', message), param };
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
function endpointFor(call: Call, named: unknown): Endpoint | OpenAiError {
  const { caller, parts } = call;
  const model = typeof named === 'string' ? named : undefined;
  const known = [...parts.endpoints].filter((one) => one.embeddingModels && maySee(caller, one.name));
  const names = known.flatMap((one) => one.embeddingModels ?? []);
  const byName = known.find((one) => one.embeddingModels?.includes(model ?? ''));
  const only = known.length === 1 && model === undefined ? known[0] : undefined;
  const found = only ?? byName ?? known.find((one) => one.name === model);
  if (found) return found;
  const which = names.length === 0 ? NO_MODELS : `There are: ${names.join(', ')}.`;
  if (model === undefined && names.length > 0) return invalid('model', `model: missing. ${which}`);
  const message = `The model "${model ?? ''}" does not exist or this key is not for it. ${which}`;
  return {
    ...openAiErrorOf(404, 'model_not_found', message, false),
    type: 'invalid_request_error',
    param: 'model',
  };
}

const NO_MODELS = 'No endpoint has models for embeddings (`embeddingModels` in spillway.yaml).';
