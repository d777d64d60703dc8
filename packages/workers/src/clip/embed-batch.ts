import { AUTHENTICATION_FAILED } from '@spillway/sdk/signing';
import { ClipError } from './clip-error.ts';
import type { CallOptions, ClipService, Embedding } from './clip-service.ts';
import { mapInFlight } from './map-in-flight.ts';
import { parsePicture } from './schema.ts';

/** Pictures of one batch that are fetched and embedded at once. */
const AT_ONCE = 8;

export interface BatchOptions {
  readonly service: ClipService;
  readonly now: () => number;
  readonly call: CallOptions;
  /** Whether the caller may ask for this item; looked at before anything else of it. */
  isAllowed(item: Fields): boolean;
  onError(error: ClipError): void;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface BatchAnswer {
  readonly results: readonly BatchResult[];
  readonly batch_timings: {
    readonly download_ms: number;
    readonly inference_ms: number;
    readonly total_ms: number;
  };
}

type BatchResult =
  | Embedding
  | { readonly request_id?: string; readonly error: { readonly code: string; readonly message: string } };

/** Each picture by itself, in the order of the batch: with an error in its place where it failed. */
export async function embedBatch(items: readonly unknown[], options: BatchOptions): Promise<BatchAnswer> {
  const { service, now, call } = options;
  const startedAt = now();
  const results = await mapInFlight(items, AT_ONCE, async (item): Promise<BatchResult> => {
    try {
      if (!options.isAllowed(fieldsOf(item))) throw new ClipError('AUTH_FAILED', AUTHENTICATION_FAILED);
      return await service.picture(parsePicture(item), call);
    } catch (error) {
      if (!(error instanceof ClipError)) throw error;
      options.onError(error);
      return { ...requestIdOf(fieldsOf(item)), error: { code: error.code, message: error.message } };
    }
  });
  const longest = (key: 'download_ms' | 'inference_ms') =>
    Math.max(0, ...results.map((result) => ('timings' in result ? result.timings[key] : 0)));
  const batch_timings = {
    download_ms: longest('download_ms'),
    inference_ms: longest('inference_ms'),
    total_ms: Math.round((now() - startedAt) * 10) / 10,
  };
  return { results, batch_timings };
}

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const LONGEST_REQUEST_ID_CHARS = 256;

/** So that an answer can be told apart, also where nothing else of the request was good. */
export function requestIdOf({ request_id: id }: Fields): { request_id?: string } {
  return typeof id === 'string' && id.length <= LONGEST_REQUEST_ID_CHARS ? { request_id: id } : {};
}

/** What is in the log and not in the answer. */
export function causeOf({ code, cause }: ClipError): string | undefined {
  if (code !== 'INFERENCE_ERROR') return undefined;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
