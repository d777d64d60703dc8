import { detailOf } from '../describe-error.ts';

export interface ApiErrorFields {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * The server's "no", or no answer at all. `message` is a sentence for people, `code` and `status` are for programs.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable code of the gateway, e.g. `JOB_NOT_FOUND`; `UNREACHABLE` and `BAD_REPLY` are made here. */
  readonly code: string;
  /** What was wrong, with the field's name where one is to blame. */
  readonly detail: string;
  /** For the operator, who finds it in the gateway's log. */
  readonly requestId: string | undefined;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(fields: ApiErrorFields) {
    const prefix = fields.status === 0 ? fields.code : `HTTP ${fields.status} ${fields.code}`;
    super(`${prefix}: ${fields.detail}`, { cause: fields.cause });
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail;
    this.requestId = fields.requestId;
    this.retryAfterMs = fields.retryAfterMs;
  }

  /** Worth another try: the server was away, busy or limited the rate. */
  get isTransient(): boolean {
    if (this.status === NO_ROOM) return false;
    return this.code === 'UNREACHABLE' || this.status === 429 || this.status >= 500;
  }
}

/** Waiting makes no room: what is kept has to go first. */
const NO_ROOM = 507;

const CODES_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'RATE_LIMITED',
};

/** Reads an error answer; RunPod's own service sends no `code`, so one is made of the status. */
export function apiErrorOf(status: number, text: string, retryAfter: string | null = null): ApiError {
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // A proxy's page; `detailOf` takes its beginning.
  }
  return new ApiError({
    status,
    code: typeof body.code === 'string' ? body.code : (CODES_BY_STATUS[status] ?? `HTTP_${status}`),
    detail: detailOf(text) || 'the server gave no reason',
    ...(typeof body.requestId === 'string' ? { requestId: body.requestId } : {}),
    ...(retryAfter !== null && /^\d+$/.test(retryAfter) ? { retryAfterMs: Number(retryAfter) * 1000 } : {}),
  });
}
