import {
  type ArtifactInfo,
  checkKey,
  type Description,
  type DownloadTerms,
  notFound,
  type PartPlan,
  type SignedRequest,
  type StoredPart,
  type Terms,
  type UploadRef,
  type UploadTerms,
  uploadGone,
} from '@spillway/artifacts';
import type { Job } from '../jobs/job.ts';
import { visitorIn } from '../keys/upload-tokens.ts';
import { isSeenBy } from './artifacts.ts';
import {
  createWorkerFileClaims,
  type WorkerFileClaims,
  type WorkerFileClaimsOptions,
} from './worker-file-claims.ts';
import type { UploadedFile } from './worker-file-records.ts';

/**
 * Files of an endpoint's workers under keys of their own choice (`status/job_….json`), in the store of artifacts. Workers
 * of one endpoint share them, those of another never see them; of what callers uploaded they read what a job that they
 * run names, and whose submitter may read it. Each has its record before its bytes, so that none outlives its time, nor escapes the quotas.
 */
export interface WorkerFiles {
  head(as: FileUser, key: string): Promise<ArtifactInfo | undefined>;
  list(as: FileUser, prefix: string): Promise<readonly ArtifactInfo[]>;
  put(
    as: FileUser,
    key: string,
    body: AsyncIterable<Uint8Array>,
    description: Description & Terms,
  ): Promise<ArtifactInfo>;
  delete(as: FileUser, key: string): Promise<void>;
  signGet(as: FileUser, key: string, terms: DownloadTerms): Promise<SignedRequest>;
  signPut(as: FileUser, key: string, terms: UploadTerms): Promise<SignedRequest>;
  createUpload(as: FileUser, key: string, plan: PartPlan & { mediaType: string }): Promise<string>;
  signPart(as: FileUser, upload: UploadRef, partNumber: number, expiresInMs: number): Promise<SignedRequest>;
  listParts(as: FileUser, upload: UploadRef): Promise<readonly StoredPart[]>;
  complete(as: FileUser, upload: UploadRef): Promise<ArtifactInfo>;
  abort(as: FileUser, upload: UploadRef): Promise<void>;
  /** Removes what is over its time; answers how many. */
  sweep(): Promise<number>;
}

/** A worker of an endpoint, and for whom it may read what callers uploaded. */
export interface FileUser {
  readonly endpoint: string;
  /** Whether a job that it runs names the key, and was submitted by somebody for whom `mayRead` is true. */
  names(key: string, mayRead: (submitter: Pick<Job, 'keyId' | 'tags'>) => boolean): Promise<boolean>;
}

const SWEPT_AT_ONCE = 100;

/** What a job's submitter sees as an artifact, its worker reads; the admin's key sees all. */
function mayRead({ keyId, tags }: Pick<Job, 'keyId' | 'tags'>, upload: UploadedFile): boolean {
  const visitor = visitorIn(tags);
  if (keyId === undefined && visitor === undefined) return true;
  return isSeenBy({ owner: keyId ?? 'admin', visitor, isReader: visitor === undefined }, upload);
}

export function createWorkerFiles(options: WorkerFileClaimsOptions): WorkerFiles {
  const { store, records, clock } = options;
  const claims = createWorkerFileClaims(options);
  const isOwn = ({ endpoint }: FileUser, key: string) => records.get(key)?.endpoint === endpoint;
  async function isReadable(as: FileUser, key: string): Promise<boolean> {
    if (isOwn(as, key)) return true;
    const upload = records.upload(key);
    return upload !== undefined && (await as.names(key, (submitter) => mayRead(submitter, upload)));
  }

  async function orLookLater<T>(key: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      await claims.fail(key);
      throw error;
    }
  }
  async function head(as: FileUser, key: string): Promise<ArtifactInfo | undefined> {
    if (!(await isReadable(as, checkKey(key)))) return undefined;
    const info = await store.head(key);
    const record = records.get(key);
    if (record?.lookAt !== undefined && info) await claims.settle(record, info.sizeBytes);
    const name = record?.endpoint === as.endpoint ? undefined : records.upload(key)?.name;
    return info && name !== undefined ? { ...info, name } : info;
  }

  return {
    head,
    async list({ endpoint }, prefix) {
      const found = await Promise.all(records.keys(endpoint, prefix).map((key) => store.head(key)));
      return found.filter((one) => one !== undefined);
    },
    async put(as, key, body, description) {
      await claims.take(as.endpoint, key, description);
      return orLookLater(key, () => store.put(key, body, description));
    },
    async delete(as, key) {
      const record = records.get(checkKey(key));
      if (record?.endpoint !== as.endpoint) return;
      await store.delete(key);
      await claims.remove(record);
    },
    async signGet(as, key, terms) {
      if (!(await isReadable(as, checkKey(key)))) throw notFound(key);
      return store.presignGet(key, terms);
    },
    async signPut(as, key, terms) {
      const sizeBytes = 'sizeBytes' in terms ? terms.sizeBytes : 0;
      await claims.take(as.endpoint, key, { sizeBytes, writableMs: terms.expiresInMs });
      return store.presignPut(key, terms);
    },
    ...createUploads({ ...options, claims, isOwn, orLookLater }),
    async sweep() {
      const due = records.due(clock.now(), SWEPT_AT_ONCE);
      for (const record of due) await claims.settle(record, (await store.head(record.key))?.sizeBytes);
      const expired = records.expired(clock.now(), SWEPT_AT_ONCE);
      for (const record of expired) {
        const { key, upload } = record;
        if (upload) await store.multipart.abort({ key, ...upload });
        await store.delete(key);
        await claims.remove(record);
      }
      return due.length + expired.length;
    },
  };
}

interface Ownership extends Pick<WorkerFileClaimsOptions, 'store' | 'records' | 'clock' | 'retentionMs'> {
  readonly claims: WorkerFileClaims;
  isOwn(as: FileUser, key: string): boolean;
  orLookLater<T>(key: string, write: () => Promise<T>): Promise<T>;
}

function createUploads({
  store,
  records,
  claims,
  isOwn,
  orLookLater,
}: Ownership): Pick<WorkerFiles, 'createUpload' | 'signPart' | 'listParts' | 'complete' | 'abort'> {
  const demandOwn = (as: FileUser, key: string) => {
    if (!isOwn(as, key)) throw uploadGone();
  };
  return {
    async createUpload(as, key, plan) {
      const { endpoint } = as;
      const { sizeBytes, partSizeBytes } = plan;
      await claims.take(endpoint, key, { sizeBytes });
      const uploadId = await orLookLater(key, () => store.multipart.create(key, plan));
      await claims.take(endpoint, key, { sizeBytes, upload: { uploadId, sizeBytes, partSizeBytes } });
      return uploadId;
    },
    async signPart(as, upload, partNumber, expiresInMs) {
      demandOwn(as, upload.key);
      return store.multipart.presignPart(upload, partNumber, { expiresInMs });
    },
    async listParts(as, upload) {
      demandOwn(as, upload.key);
      return store.multipart.listParts(upload);
    },
    async complete(as, upload) {
      demandOwn(as, upload.key);
      const info = await store.multipart.complete(upload);
      // The upload is over; what it was is a file now.
      await claims.finish(upload.key, info.sizeBytes);
      return info;
    },
    async abort(as, upload) {
      // Of one that another took the place of nothing is left, and that one goes on.
      if (!isOwn(as, upload.key) || records.get(upload.key)?.upload?.uploadId !== upload.uploadId) return;
      await store.multipart.abort(upload);
      // What it was to replace is there still.
      await claims.finish(upload.key, (await store.head(upload.key))?.sizeBytes);
    },
  };
}
