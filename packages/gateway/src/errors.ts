/**
 * Errors that are answered to a caller. One table: code → HTTP status and title. Anything else that is thrown becomes
 * INTERNAL, its message kept for the log.
 */
export const ERRORS = {
  /** No key, or one that is unknown. */
  UNAUTHORIZED: { status: 401, title: 'Unauthorized' },
  /** The key is good, but not for this. */
  FORBIDDEN: { status: 403, title: 'Forbidden' },
  /** The endpoint takes signed requests only, and this one has no good signature. */
  SIGNATURE_REFUSED: { status: 401, title: 'Unauthorized' },
  /** No such endpoint, or the key has no right to it. */
  ENDPOINT_NOT_FOUND: { status: 404, title: 'Not Found' },
  JOB_NOT_FOUND: { status: 404, title: 'Not Found' },
  WORKER_NOT_FOUND: { status: 404, title: 'Not Found' },
  DELIVERY_NOT_FOUND: { status: 404, title: 'Not Found' },
  KEY_NOT_FOUND: { status: 404, title: 'Not Found' },
  BATCH_NOT_FOUND: { status: 404, title: 'Not Found' },
  BATCH_REQUEST_NOT_FOUND: { status: 404, title: 'Not Found' },
  /** No such artifact, or it is another key's. */
  ARTIFACT_NOT_FOUND: { status: 404, title: 'Not Found' },
  /** An upload that was completed, aborted, or forgotten. */
  UPLOAD_NOT_FOUND: { status: 404, title: 'Not Found' },
  ROUTE_NOT_FOUND: { status: 404, title: 'Not Found' },
  /** There is such a path, for other methods. */
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method Not Allowed' },
  /** The same Idempotency-Key came with another submit. */
  IDEMPOTENCY_CONFLICT: { status: 409, title: 'Conflict' },
  /** Only jobs that have ended can be deleted. */
  JOB_NOT_ENDED: { status: 409, title: 'Conflict' },
  /** Only jobs that ended badly can be retried. */
  JOB_NOT_RETRYABLE: { status: 409, title: 'Conflict' },
  /** Requests can be added and removed while a batch is a draft. */
  BATCH_LOCKED: { status: 409, title: 'Conflict' },
  /** A batch is deleted when none of its requests waits or runs. */
  BATCH_RUNNING: { status: 409, title: 'Conflict' },
  /** A signed URL that writes where something is already. */
  ARTIFACT_EXISTS: { status: 412, title: 'Precondition Failed' },
  /** Completed before all of it had arrived. */
  ARTIFACT_INCOMPLETE: { status: 409, title: 'Conflict' },
  /** What arrived is not what was announced: its size, or what its first bytes say that it is. */
  ARTIFACT_MISMATCH: { status: 400, title: 'Bad Request' },
  /** A write on a condition that no longer holds. */
  ARTIFACT_CHANGED: { status: 412, title: 'Precondition Failed' },
  /** A signed URL that was changed, or is used for something else. */
  URL_INVALID: { status: 403, title: 'Forbidden' },
  URL_EXPIRED: { status: 403, title: 'Forbidden' },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'Range Not Satisfiable' },
  /** Too many batches of an endpoint, requests of a batch, or waiting requests. */
  BATCH_LIMIT: { status: 429, title: 'Too Many Requests' },
  /** The body or a parameter is not what the operation takes. */
  INPUT_INVALID: { status: 400, title: 'Bad Request' },
  /** RunPod answers 400, not 413, on its job API. */
  BODY_TOO_LARGE: { status: 400, title: 'Bad Request' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'Content Too Large' },
  /** The key, or the upload token, may keep no more artifacts. */
  QUOTA_EXCEEDED: { status: 413, title: 'Content Too Large' },
  /** All artifacts together are as much as the gateway keeps. */
  STORAGE_FULL: { status: 507, title: 'Insufficient Storage' },
  UPLOAD_TOKEN_NOT_FOUND: { status: 404, title: 'Not Found' },
  /** A request whose end did not come; held answers are something else. */
  REQUEST_TOO_SLOW: { status: 408, title: 'Request Timeout' },
  HEADERS_TOO_LARGE: { status: 431, title: 'Request Header Fields Too Large' },
  /** The key has used up what it may ask for in ten seconds. */
  RATE_LIMITED: { status: 429, title: 'Too Many Requests' },
  /** The store cannot write (a full disk, say); nothing was accepted. */
  STORE_UNAVAILABLE: { status: 503, title: 'Service Unavailable' },
  /** The bucket does not answer, or refuses its credentials. */
  STORAGE_UNAVAILABLE: { status: 503, title: 'Service Unavailable' },
  /** As many large bodies are in memory as may be. */
  OVERLOADED: { status: 503, title: 'Service Unavailable' },
  SHUTTING_DOWN: { status: 503, title: 'Service Unavailable' },
  /** The endpoint is to verify signatures and has nothing to do so with. */
  HMAC_SECRET_MISSING: { status: 500, title: 'Internal Server Error' },
  INTERNAL: { status: 500, title: 'Internal Server Error' },
  /** An operation of queues, called on an endpoint whose workers serve HTTP themselves; and the reverse. */
  LOAD_BALANCER_ENDPOINT: { status: 400, title: 'Bad Request', word: 'not allowed for LB API' },
  QUEUE_ENDPOINT: { status: 400, title: 'Bad Request', word: 'not allowed for QB API' },
  /** RunPod answers 400 where no worker has room in time. */
  NO_WORKERS_AVAILABLE: { status: 400, title: 'Bad Request', word: 'no workers available' },
  WORKER_TIMEOUT: { status: 400, title: 'Bad Request', word: 'worker_timeout' },
  AFFINITY_WORKER_GONE: { status: 404, title: 'Not Found', word: 'affinity_worker_gone' },
  /** The worker that was asked died, hung up, or doesn't listen. */
  WORKER_UNREACHABLE: { status: 502, title: 'Bad Gateway' },
  RESPONSE_TOO_LARGE: { status: 502, title: 'Bad Gateway' },
  REQUEST_TIMEOUT: { status: 504, title: 'Gateway Timeout' },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  readonly status: number;
  readonly title: string;
  /** What RunPod says for it, word for word; clients look for it in the body's `error`. */
  readonly word?: string;
}

export type ErrorCode = keyof typeof ERRORS;

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;

  /** `message` is shown to the caller: a sentence that says what was expected and what to do. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
