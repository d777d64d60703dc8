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
  Terms,
  UploadRef,
  UploadTerms,
} from './artifact-store.ts';
export { parseRange } from './byte-range.ts';
export { contentDisposition } from './content-disposition.ts';
export { clearIncoming } from './disk-objects.ts';
export { createDiskStore, type DiskStore } from './disk-store.ts';
export { exactBytes } from './exact-bytes.ts';
export { type CallGateway, createGatewayCaller, type GatewayLink } from './gateway-call.ts';
export { createGatewayStore } from './gateway-store.ts';
export { createKeyedTurns } from './keyed-turns.ts';
export { findLie, kindOfBytes, MAGIC_BYTES } from './magic.ts';
export { changed, existsAlready, notFound, uploadGone } from './not-found.ts';
export { openBucket } from './open-bucket.ts';
export { checkParts, MULTIPART_FROM_BYTES, partCount, partSize, planParts } from './part-plan.ts';
export { readUnchanged } from './read-unchanged.ts';
export { readStorageSettings, type S3Settings } from './s3-settings.ts';
export { DATA_PATH } from './signed-url.ts';
