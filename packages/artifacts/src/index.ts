export { ArtifactError, type ArtifactErrorCode } from './artifact-error.ts';
export { ARTIFACT_PREFIXES, type ArtifactPrefix, checkKey, issueKey } from './artifact-key.ts';
export type {
  ArtifactBytes,
  ArtifactInfo,
  ArtifactStore,
  ByteRange,
  Description,
  DownloadTerms,
  Expiry,
  MultipartUploads,
  Once,
  PartPlan,
  SignedRequest,
  StoredPart,
  UploadRef,
} from './artifact-store.ts';
export { parseRange } from './byte-range.ts';
export { contentDisposition } from './content-disposition.ts';
export { clearIncoming } from './disk-objects.ts';
export { createDiskStore, type DiskStore } from './disk-store.ts';
export { findLie, MAGIC_BYTES } from './magic.ts';
export { existsAlready, notFound, uploadGone } from './not-found.ts';
export { openBucket } from './open-bucket.ts';
export { checkParts, MULTIPART_FROM_BYTES, partCount, partSize, planParts } from './part-plan.ts';
export { readStorageSettings, type S3Settings } from './s3-settings.ts';
export { DATA_PATH } from './signed-url.ts';
