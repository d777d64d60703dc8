/**
 * Errors that are answered to a caller. One table: code → HTTP status and title. Anything else that is thrown becomes
 * INTERNAL, its message kept for the log.
 */
export const ERRORS = {
  /** No key, or one that is unknown. */
  UNAUTHORIZED: { status: 401, title: 'Unauthorized' },
  /** The key is good, but not for this. */
  FORBIDDEN: { status: 403, title: 'Forbidden' },
  /** No such endpoint, or the key has no right to it. */
  ENDPOINT_NOT_FOUND: { status: 404, title: 'Not Found' },
  JOB_NOT_FOUND: { status: 404, title: 'Not Found' },
  WORKER_NOT_FOUND: { status: 404, title: 'Not Found' },
  DELIVERY_NOT_FOUND: { status: 404, title: 'Not Found' },
  KEY_NOT_FOUND: { status: 404, title: 'Not Found' },
  ROUTE_NOT_FOUND: { status: 404, title: 'Not Found' },
  /** Only jobs that ended badly can be retried. */
  JOB_NOT_RETRYABLE: { status: 409, title: 'Conflict' },
  /** The body or a parameter is not what the operation takes. */
  INPUT_INVALID: { status: 400, title: 'Bad Request' },
  /** RunPod answers 400, not 413, on its job API. */
  BODY_TOO_LARGE: { status: 400, title: 'Bad Request' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'Content Too Large' },
  /** The store cannot write (a full disk, say); nothing was accepted. */
  STORE_UNAVAILABLE: { status: 503, title: 'Service Unavailable' },
  SHUTTING_DOWN: { status: 503, title: 'Service Unavailable' },
  INTERNAL: { status: 500, title: 'Internal Server Error' },
} as const satisfies Record<string, { status: number; title: string }>;

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
