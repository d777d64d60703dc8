import { AUTHENTICATION_FAILED, jobTextV0, type RefusalCode, type Verifier } from '@spillway/sdk/signing';
import { type Handler, type JobContext, JobError } from '@spillway/sdk/worker';
import { ClipError } from './clip-error.ts';
import { parseClipInput, parsePicture } from './schema.ts';
import type { ClipService, Embedding } from './service.ts';

/**
 * A clip job: who asks is checked before anything else, then the input, then each picture or text is embedded. A batch
 * answers each of its items by itself, an error where one failed.
 */
export interface ClipHandlerOptions {
  readonly service: ClipService;
  /** Undefined: jobs need no signature. */
  readonly verifier: Verifier | undefined;
  readonly now: () => number;
}

type Input = Readonly<Record<string, unknown>>;

export function createClipHandler(options: ClipHandlerOptions): Handler {
  const { service } = options;
  return async (job, context) => {
    const input: Input = job.input;
    const group = { signal: context.signal, group: context.jobId };
    try {
      const isWhole = mayAsk(options, input, context);
      const parsed = parseClipInput(input);
      if (parsed.type === 'pictures') return await embedAll(options, parsed.items, { isWhole, context });
      if (!isWhole) throw new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);
      if (parsed.type === 'picture') return await service.picture(parsed.item, group);
      if (parsed.type === 'text') return await service.text(parsed.item, group);
      const results = await Promise.all(parsed.items.map((item) => service.text(item, group)));
      return { results };
    } catch (error) {
      throw jobErrorOf(error, input, context);
    }
  };
}

/** Whether the input is signed as a whole. A batch may be signed item by item instead. */
function mayAsk({ verifier }: ClipHandlerOptions, input: Input, context: JobContext): boolean {
  if (!verifier) return true;
  const refusal = verify(verifier, input, context, context.jobId);
  if (refusal === undefined) return true;
  if (Array.isArray(input.images) && refusal === 'MISSING') return false;
  context.log.warn(`refused a signature: ${refusal}`);
  throw new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);
}

function verify(
  verifier: Verifier,
  body: Input,
  context: JobContext,
  holder: string,
): RefusalCode | undefined {
  const { image_url: url, auth } = body;
  return verifier.verify(auth, {
    // The older version says nothing of a request but the picture's URL.
    v0: typeof url === 'string' ? (ts) => [jobTextV0(url, ts)] : undefined,
    v1: { method: 'JOB', path: context.endpoint ?? '', body },
    holder,
  });
}

interface BatchContext {
  readonly isWhole: boolean;
  readonly context: JobContext;
}

type BatchResult = Embedding | { request_id?: string; error: { code: string; message: string } };

async function embedAll(
  { service, verifier, now }: ClipHandlerOptions,
  items: readonly unknown[],
  { isWhole, context }: BatchContext,
): Promise<object> {
  const startedAt = now();
  const group = { signal: context.signal, group: context.jobId };
  const embed = async (item: unknown, at: number): Promise<BatchResult> => {
    try {
      if (!isWhole && verifier) {
        const refusal = verify(verifier, objectOf(item), context, `${context.jobId}#${at}`);
        if (refusal !== undefined) throw new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);
      }
      return await service.picture(parsePicture(item), group);
    } catch (error) {
      if (!(error instanceof ClipError)) throw error;
      logCause(error, context);
      return { ...requestIdOf(objectOf(item)), error: { code: error.code, message: error.message } };
    }
  };
  const results = await Promise.all(items.map(embed));
  const of = (key: 'download_ms' | 'inference_ms') =>
    Math.max(0, ...results.map((result) => ('timings' in result ? result.timings[key] : 0)));
  const batch_timings = {
    download_ms: of('download_ms'),
    inference_ms: of('inference_ms'),
    total_ms: Math.round((now() - startedAt) * 10) / 10,
  };
  return { results, batch_timings };
}

const objectOf = (value: unknown): Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : {};

function requestIdOf({ request_id }: Input): { request_id?: string } {
  return typeof request_id === 'string' ? { request_id } : {};
}

function logCause(error: ClipError, { log }: JobContext): void {
  if (error.code !== 'INFERENCE_ERROR') return;
  log.error(error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause));
}

function jobErrorOf(error: unknown, input: Input, context: JobContext): unknown {
  if (!(error instanceof ClipError)) return error;
  logCause(error, context);
  const { code, message } = error;
  const output =
    code === 'AUTH_FAILED'
      ? { error: message, ...requestIdOf(input) }
      : { error: message, code, ...requestIdOf(input) };
  if (code === 'INFERENCE_ERROR') return new JobError(message, { output });
  // Another delivery would end the same way, but for a download.
  if (code === 'DOWNLOAD_ERROR') return new JobError(message, { output });
  return new JobError(message, { type: 'INPUT_INVALID', isRetryable: false, output });
}
