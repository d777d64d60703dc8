/** What a store refuses, or cannot do. `message` is a sentence for the caller. */
export type ArtifactErrorCode =
  | 'ARTIFACT_NOT_FOUND'
  /** Written only where there is none yet, and there is one. */
  | 'ARTIFACT_EXISTS'
  /** An upload that was completed, aborted, or forgotten. */
  | 'UPLOAD_NOT_FOUND'
  /** Completed before all of it had arrived. */
  | 'ARTIFACT_INCOMPLETE'
  /** What arrived is not what was announced. */
  | 'ARTIFACT_MISMATCH'
  /** Somebody else changed it since it was looked at. */
  | 'ARTIFACT_CHANGED'
  | 'URL_INVALID'
  | 'URL_EXPIRED'
  | 'RANGE_NOT_SATISFIABLE'
  | 'INPUT_INVALID'
  | 'PAYLOAD_TOO_LARGE'
  /** Of a gateway's quotas. */
  | 'QUOTA_EXCEEDED'
  | 'STORAGE_FULL'
  /** The bucket does not answer, or refuses its credentials. */
  | 'STORAGE_UNAVAILABLE';

export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
  readonly code: ArtifactErrorCode;

  constructor(code: ArtifactErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
