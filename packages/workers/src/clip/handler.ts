import { EMBEDDINGS_ROUTE } from '@spillway/protocol';
import { AUTHENTICATION_FAILED, jobTextV0, type Verifier } from '@spillway/sdk/signing';
import { type Handler, type JobContext, JobError } from '@spillway/sdk/worker';
import { ClipError } from './clip-error.ts';
import type { ClipService } from './clip-service.ts';
import { causeOf, embedBatch, type Fields, fieldsOf, requestIdOf } from './embed-batch.ts';
import {
  embedForOpenAi,
  listModels,
  OPENAI_ROUTES,
  OpenAiError,
  openAiErrorOf,
} from './openai-embeddings.ts';
import { parseClipInput, typeOfInput } from './schema.ts';

/**
 * A clip job: who asks is checked before anything else, then the input, then each picture or text is embedded. A batch
 * answers each of its items by itself, an error where one failed. A call of OpenAI's API comes as a job, too.
 */
export interface ClipHandlerOptions {
  readonly service: ClipService;
  /** Undefined: jobs need no signature. */
  readonly verifier: Verifier | undefined;
  readonly now: () => number;
}

export function createClipHandler(options: ClipHandlerOptions): Handler {
  return async (job, context) => {
    const input: Fields = job.input;
    const route = input.openai_route;
    if (typeof route === 'string') return answerOpenAi(options, route, input, context);
    try {
      return await answer(options, input, context);
    } catch (error) {
      throw jobErrorOf(error, input, context);
    }
  };
}

async function answer(options: ClipHandlerOptions, input: Fields, context: JobContext): Promise<unknown> {
  const { service, now } = options;
  const call = callOf(context);
  const isWhole = mayAsk(options, input, context);
  const parsed = parseClipInput(input);
  if (parsed.type === 'pictures') {
    return embedBatch(parsed.items, {
      ...{ service, now, call },
      isAllowed: (item) => isWhole || isSigned(options, item, context),
      onError: (error) => logCause(error, context),
    });
  }
  if (!isWhole) throw refused();
  if (parsed.type === 'picture') return service.picture(parsed.item, call);
  if (parsed.type === 'text') return service.text(parsed.item, call);
  return { results: await Promise.all(parsed.items.map((item) => service.text(item, call))) };
}

const callOf = ({ signal, jobId }: JobContext) => ({ signal, group: jobId });
const refused = () => new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);

/** Whether the input is signed as a whole. A batch may be signed item by item instead. */
function mayAsk(options: ClipHandlerOptions, input: Fields, context: JobContext): boolean {
  const isUnsigned = input.auth === undefined || input.auth === null;
  if (options.verifier && isUnsigned && typeOfInput(input) === 'pictures') return false;
  if (isSigned(options, input, context)) return true;
  throw refused();
}

function isSigned({ verifier }: ClipHandlerOptions, body: Fields, context: JobContext): boolean {
  const { image_url: url, auth } = body;
  // The older version says nothing of a request but the picture's URL, so it may ask for that picture alone.
  const isPicture = body.openai_route === undefined && typeOfInput(body) === 'picture';
  const refusal = verifier?.verify(auth, {
    v0: isPicture && typeof url === 'string' ? (ts) => [jobTextV0(url, ts)] : undefined,
    v1: { method: 'JOB', path: context.endpoint ?? '', body },
    // A job that is delivered again is no replay, nor is the same picture twice in a batch.
    holder: context.jobId,
  });
  if (refusal !== undefined) context.log.warn(`refused a signature: ${refusal}`);
  return refusal === undefined;
}

/** Its errors are objects, which gateways give to OpenAI's clients as they are. */
async function answerOpenAi(
  options: ClipHandlerOptions,
  route: string,
  input: Fields,
  context: JobContext,
): Promise<unknown> {
  const { service } = options;
  try {
    if (route === '/v1/models') return listModels(service);
    if (route !== EMBEDDINGS_ROUTE) throw notServed(route);
    if (!isOpenAiSigned(options, input, context)) throw refused();
    return await embedForOpenAi(service, input.openai_input, callOf(context));
  } catch (error) {
    const known = error instanceof ClipError ? openAiErrorOf(error) : error;
    if (!(known instanceof OpenAiError)) throw error;
    if (known.cause instanceof ClipError) logCause(known.cause, context);
    throw JobError.nonRetryable(JSON.stringify(known.body.error));
  }
}

/** The job may be signed, or the call that it carries, as for the worker's own route. */
function isOpenAiSigned(options: ClipHandlerOptions, input: Fields, context: JobContext): boolean {
  const isJob = input.auth !== undefined && input.auth !== null;
  if (isJob || !options.verifier) return isSigned(options, input, context);
  const body = fieldsOf(input.openai_input);
  const refusal = options.verifier.verify(body.auth, {
    v1: { method: 'POST', path: EMBEDDINGS_ROUTE, body },
    holder: context.jobId,
  });
  if (refusal !== undefined) context.log.warn(`refused a signature: ${refusal}`);
  return refusal === undefined;
}

function notServed(route: string): OpenAiError {
  const known = OPENAI_ROUTES.join(' and ');
  return new OpenAiError(404, 'NOT_FOUND', `${route.slice(0, 100)} is not served here; ${known} are.`, null);
}

function logCause(error: ClipError, { log }: JobContext): void {
  const cause = causeOf(error);
  if (cause !== undefined) log.error(cause);
}

function jobErrorOf(error: unknown, input: Fields, context: JobContext): unknown {
  if (!(error instanceof ClipError)) return error;
  logCause(error, context);
  const { code, message } = error;
  const known = requestIdOf(input);
  const output = code === 'AUTH_FAILED' ? { error: message, ...known } : { error: message, code, ...known };
  // Another delivery of the others would end the same way.
  const isPassing = ['INFERENCE_ERROR', 'DOWNLOAD_ERROR', 'BUSY'].includes(code);
  if (isPassing) return new JobError(message, { output });
  return new JobError(message, { type: 'INPUT_INVALID', isRetryable: false, output });
}
