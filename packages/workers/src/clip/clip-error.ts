/** Why a picture or a text was not embedded, in the words of the service's contract. */
export type ClipErrorCode =
  | 'AUTH_FAILED'
  | 'INPUT_INVALID'
  | 'BATCH_TOO_LARGE'
  | 'DOWNLOAD_ERROR'
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
