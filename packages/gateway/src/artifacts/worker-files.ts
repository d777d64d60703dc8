import {
  ARTIFACT_PREFIXES,
  type ArtifactInfo,
  type ArtifactPrefix,
  type ArtifactStore,
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
import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { WorkerFileRecords } from './worker-file-records.ts';

/**
 * Files of an endpoint's workers under keys of their own choice (`status/job_….json`), in the store of artifacts. Workers
 * of one endpoint share them, those of another never see them; of what callers uploaded they read what the job that they
 * run names. Each has its record before its bytes, so that none outlives its time.
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

/** A worker of an endpoint, and whether a job that it runs names a key. */
export interface FileUser {
  readonly endpoint: string;
  names(key: string): Promise<boolean>;
}

const DAY_MS = 86_400_000;
const KEPT_MS: Readonly<Record<ArtifactPrefix, number>> = {
  uploads: 7 * DAY_MS,
  results: 30 * DAY_MS,
  status: 30 * DAY_MS,
};
const SWEPT_AT_ONCE = 100;

export interface WorkerFilesOptions {
  readonly store: ArtifactStore;
  readonly records: WorkerFileRecords;
  readonly clock: Pick<Clock, 'now'>;
}

export function createWorkerFiles({ store, records, clock }: WorkerFilesOptions): WorkerFiles {
  const isUpload = (key: string) => records.uploadName(key) !== undefined;
  const isOwn = ({ endpoint }: FileUser, key: string) => records.get(key)?.endpoint === endpoint;
  const isReadable = async (as: FileUser, key: string) =>
    isOwn(as, key) || (isUpload(key) && (await as.names(key)));

  /** Notes whose it is and for how long. Throws FORBIDDEN where it is somebody else's. */
  async function claim(as: FileUser, key: string, upload?: UploadRef): Promise<void> {
    const prefix = ARTIFACT_PREFIXES.find((one) => checkKey(key).startsWith(`${one}/`));
    if (prefix === undefined)
      throw new GatewayError('INPUT_INVALID', `key: expected one below ${ARTIFACT_PREFIXES.join(', ')}`);
    const before = records.get(key);
    if (isUpload(key) || (before && before.endpoint !== as.endpoint))
      throw new GatewayError('FORBIDDEN', `${key} belongs to somebody else`);
    if (before?.upload && before.upload.uploadId !== upload?.uploadId)
      await store.multipart.abort({ key, ...before.upload });
    await records.put({
      ...{ key, endpoint: as.endpoint, expiresAt: clock.now() + KEPT_MS[prefix] },
      ...(upload ? { upload } : {}),
    });
  }

  return {
    async head(as, key) {
      if (!(await isReadable(as, checkKey(key)))) return undefined;
      const info = await store.head(key);
      const name = isOwn(as, key) ? undefined : records.uploadName(key);
      return info && name !== undefined ? { ...info, name } : info;
    },
    async list({ endpoint }, prefix) {
      const found = await Promise.all(records.keys(endpoint, prefix).map((key) => store.head(key)));
      return found.filter((one) => one !== undefined);
    },
    async put(as, key, body, description) {
      await claim(as, key);
      return store.put(key, body, description);
    },
    async delete(as, key) {
      if (!isOwn(as, checkKey(key))) return;
      await store.delete(key);
      await records.remove(key);
    },
    async signGet(as, key, terms) {
      if (!(await isReadable(as, checkKey(key)))) throw notFound(key);
      return store.presignGet(key, terms);
    },
    async signPut(as, key, terms) {
      await claim(as, key);
      return store.presignPut(key, terms);
    },
    ...createUploads({ store, claim, isOwn, records }),
    async sweep() {
      const expired = records.expired(clock.now(), SWEPT_AT_ONCE);
      for (const { key, upload } of expired) {
        if (upload) await store.multipart.abort({ key, ...upload });
        await store.delete(key);
        await records.remove(key);
      }
      return expired.length;
    },
  };
}

interface Ownership extends Pick<WorkerFilesOptions, 'store' | 'records'> {
  claim(as: FileUser, key: string, upload?: UploadRef): Promise<void>;
  isOwn(as: FileUser, key: string): boolean;
}

function createUploads({
  store,
  claim,
  isOwn,
  records,
}: Ownership): Pick<WorkerFiles, 'createUpload' | 'signPart' | 'listParts' | 'complete' | 'abort'> {
  const demandOwn = (as: FileUser, key: string) => {
    if (!isOwn(as, key)) throw uploadGone();
  };
  return {
    async createUpload(as, key, plan) {
      await claim(as, key);
      const uploadId = await store.multipart.create(key, plan);
      await claim(as, key, { key, uploadId, ...plan });
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
      const record = records.get(upload.key);
      if (record)
        await records.put({ key: record.key, endpoint: record.endpoint, expiresAt: record.expiresAt });
      return info;
    },
    async abort(as, upload) {
      if (!isOwn(as, upload.key)) return;
      await store.multipart.abort(upload);
      if ((await store.head(upload.key)) === undefined) await records.remove(upload.key);
    },
  };
}
