import type { Readable } from 'node:stream';

/**
 * Where the bytes of artifacts are kept. Stores: this machine's disk, anything that speaks S3, and for workers the gateway
 * that they are connected to. They know keys and bytes; what an artifact is called, whose it is and how long it is kept is
 * known to the gateway. One suite holds all of them to this contract. Everything streams: no store ever holds more of an
 * artifact than a MiB.
 */
export interface ArtifactStore {
  readonly kind: 'disk' | 's3' | 'gateway';
  /**
   * Writes a whole artifact, in place of one that is there (`onlyNew`: ARTIFACT_EXISTS; `ifEtag`: ARTIFACT_CHANGED unless
   * it is still that one at the moment of the change, so that of two writers who saw the same one is told). `body` must be
   * exactly `sizeBytes` long: else ARTIFACT_MISMATCH, and nothing is kept.
   */
  put(key: string, body: AsyncIterable<Uint8Array>, description: Description & Terms): Promise<ArtifactInfo>;
  /** Throws ARTIFACT_NOT_FOUND, and RANGE_NOT_SATISFIABLE for a range that begins behind the end. */
  get(key: string, range?: ByteRange): Promise<ArtifactBytes>;
  /** Undefined where there is none. */
  head(key: string): Promise<ArtifactInfo | undefined>;
  /** Not an error where there is none. */
  delete(key: string): Promise<void>;
  /** Those whose keys begin so, in no order that counts. */
  list(prefix: string): AsyncIterable<ArtifactInfo>;
  /** What a holder of the answer may do until it expires, without a key of ours. */
  presignPut(key: string, terms: UploadTerms): Promise<SignedRequest>;
  presignGet(key: string, terms: DownloadTerms): Promise<SignedRequest>;
  readonly multipart: MultipartUploads;
}

/** Uploads in parts of one size, as R2 wants them; only the last may be shorter. */
export interface MultipartUploads {
  /** Answers the id of the upload. */
  create(key: string, plan: PartPlan & { readonly mediaType: string }): Promise<string>;
  presignPart(upload: UploadRef, partNumber: number, expiry: Expiry): Promise<SignedRequest>;
  /** What has arrived, by number. Throws UPLOAD_NOT_FOUND once it was completed or aborted. */
  listParts(upload: UploadRef): Promise<readonly StoredPart[]>;
  /** Throws ARTIFACT_INCOMPLETE where parts are missing or not as long as planned; they can be sent then. */
  complete(upload: UploadRef): Promise<ArtifactInfo>;
  /** Forgets its parts. Not an error where there is none. */
  abort(upload: UploadRef): Promise<void>;
}

export interface Description {
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/**
 * What a URL for writing takes: exactly what was announced, or whatever comes, of any type, up to `mostBytes`. A bucket
 * can't hold anybody to the latter: look at the size before you use it.
 */
export type UploadTerms = Expiry & ((Description & Once) | { readonly mostBytes: number });

export interface Once {
  /** Never in place of one that is there: what was looked at when it was complete stays what it is. */
  readonly onlyNew?: boolean;
}

/** On what condition something is written. */
export interface Terms extends Once {
  readonly ifEtag?: string | undefined;
}

export interface Expiry {
  readonly expiresInMs: number;
}

export interface DownloadTerms extends Expiry {
  /** What it is served as, whatever its uploader said. */
  readonly mediaType: string;
  /** What a browser saves it as. */
  readonly name: string;
}

/** From `start` up to, not including, `end`; an `end` behind the artifact's end is its end. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface ArtifactInfo extends Description {
  readonly key: string;
  /** As its user calls it, where the store knows. */
  readonly name?: string | undefined;
  /** Quoted, as HTTP wants it; another for other bytes. */
  readonly etag: string;
  readonly modifiedAt: number;
}

export interface ArtifactBytes {
  readonly info: ArtifactInfo;
  /** What the stream brings. */
  readonly range: ByteRange;
  readonly stream: Readable;
}

export interface SignedRequest {
  readonly method: 'GET' | 'PUT';
  /** Of the disk's store only path and query: which host it is, the caller knows. */
  readonly url: string;
  /** To be sent with it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: number;
}

export interface PartPlan {
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
}

export interface UploadRef extends PartPlan {
  readonly key: string;
  readonly uploadId: string;
}

export interface StoredPart {
  /** From 1. */
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
}
