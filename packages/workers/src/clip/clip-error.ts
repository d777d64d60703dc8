import { GuardError } from '@spillway/sdk/net';

/** Why a picture or a text was not embedded, in the words of the service's contract. */
export type ClipErrorCode =
  | 'AUTH_FAILED'
  | 'INPUT_INVALID'
  | 'BATCH_TOO_LARGE'
  | 'DOWNLOAD_ERROR'
  /** Too much waits; the same call may do later. */
  | 'BUSY'
  | 'INFERENCE_ERROR';

/** The message is a sentence for the caller. */
export class ClipError extends Error {
  override readonly name = 'ClipError';
  readonly code: ClipErrorCode;

  constructor(code: ClipErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const STATUS: Readonly<Record<ClipErrorCode, number>> = {
  AUTH_FAILED: 401,
  INPUT_INVALID: 400,
  BATCH_TOO_LARGE: 400,
  DOWNLOAD_ERROR: 422,
  BUSY: 503,
  INFERENCE_ERROR: 500,
};

/** Downloads that may do another time; the others will not. */
const PASSING = ['TOO_SLOW', 'UNREACHABLE', 'BAD_STATUS'];

/** Of an answer over HTTP. */
export function statusOf({ code, cause }: ClipError): number {
  const isPassing = cause instanceof GuardError && PASSING.includes(cause.code);
  return code === 'DOWNLOAD_ERROR' && isPassing ? 502 : STATUS[code];
}
