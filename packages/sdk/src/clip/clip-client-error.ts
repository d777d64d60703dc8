import type { ClipBackend } from './clip-settings.ts';

/** Why there is no vector: the worker's own codes, and those of the way to it. */
export const CLIP_ERRORS = {
  /** The service is switched off by `CLIP_INFERENCE_BACKEND=off`; nothing was called. */
  DISABLED: { isPassing: false, mayFallBack: false },
  AUTH_FAILED: { isPassing: false, mayFallBack: false },
  INPUT_INVALID: { isPassing: false, mayFallBack: false },
  BATCH_TOO_LARGE: { isPassing: false, mayFallBack: false },
  /** The picture could not be fetched. */
  DOWNLOAD_ERROR: { isPassing: false, mayFallBack: false },
  /** Too much waits at the worker. */
  BUSY: { isPassing: true, mayFallBack: true },
  INFERENCE_ERROR: { isPassing: false, mayFallBack: true },
  /** No answer: nobody listens, or the connection broke. */
  UNREACHABLE: { isPassing: true, mayFallBack: true },
  /** HTTP 5xx. */
  SERVER_ERROR: { isPassing: true, mayFallBack: true },
  RATE_LIMITED: { isPassing: true, mayFallBack: true },
  /** Not within the time for one call. */
  TIMEOUT: { isPassing: false, mayFallBack: true },
  /** The API key is wrong, or not for this endpoint. */
  KEY_REFUSED: { isPassing: false, mayFallBack: true },
  /** No such endpoint. */
  NOT_FOUND: { isPassing: false, mayFallBack: true },
  /** The job ended without a result: its worker died, it was cancelled, or its time was over. */
  JOB_FAILED: { isPassing: false, mayFallBack: true },
  /** An answer that is none: no vector, or of another length than it says. */
  BAD_REPLY: { isPassing: false, mayFallBack: true },
} as const satisfies Record<string, ClipErrorRow>;

interface ClipErrorRow {
  /** The same call may do in a moment. */
  readonly isPassing: boolean;
  /** Another place may do what this one could not. What is wrong with the request itself is wrong everywhere. */
  readonly mayFallBack: boolean;
}

export type ClipErrorCode = keyof typeof CLIP_ERRORS;

export interface ClipClientErrorFields {
  readonly code: ClipErrorCode;
  readonly message: string;
  readonly requestId?: string | undefined;
  readonly backend?: ClipBackend | undefined;
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** `code` is for programs, `message` a sentence for people. */
export class ClipClientError extends Error {
  override readonly name = 'ClipClientError';
  readonly code: ClipErrorCode;
  readonly requestId: string | undefined;
  /** Where it happened. */
  readonly backend: ClipBackend | undefined;
  readonly retryAfterMs: number | undefined;

  constructor({ code, message, requestId, backend, retryAfterMs, cause }: ClipClientErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.requestId = requestId;
    this.backend = backend;
    this.retryAfterMs = retryAfterMs;
  }
}
