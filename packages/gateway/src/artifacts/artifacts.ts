import {
  ArtifactError,
  type ArtifactInfo,
  type ArtifactPrefix,
  type ArtifactStore,
  createKeyedTurns,
  findLie,
  issueKey,
  MAGIC_BYTES,
  MULTIPART_FROM_BYTES,
  notFound,
  partCount,
  partSize,
  planParts,
  type SignedRequest,
  type StoredPart,
  type UploadRef,
  uploadGone,
} from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';
import type { ArtifactLedger, ArtifactQuota, ArtifactUsage, Claim } from './artifact-ledger.ts';
import type {
  ArtifactFilter,
  ArtifactPage,
  ArtifactRecord,
  ArtifactRecords,
  Viewer,
} from './artifact-records.ts';

/**
 * The life of an artifact: announced with its size, uploaded by signed URLs (in one go or in parts, and on after a
 * break), complete once its bytes are what was announced, forgotten when its retention is over. The bytes are the
 * store's, the rest is known here.
 */
export interface Artifacts {
  readonly store: ArtifactStore;
  create(wanted: NewArtifact): Promise<{ record: ArtifactRecord; isNew: boolean }>;
  /** Throws ARTIFACT_NOT_FOUND, also where the viewer doesn't see it; without a viewer all are seen. */
  find(id: string, viewer: Viewer | undefined): ArtifactRecord;
  list(filter: Omit<ArtifactFilter, 'now'>): ArtifactPage;
  /** Of an upload in one go, which may be asked for again. Throws UPLOAD_NOT_FOUND once it is complete. */
  signUpload(record: ArtifactRecord): Promise<SignedRequest>;
  signPart(record: ArtifactRecord, partNumber: number): Promise<SignedRequest>;
  parts(record: ArtifactRecord): Promise<readonly StoredPart[]>;
  /** Looks at size and first bytes. A lie about them ends the artifact: ARTIFACT_MISMATCH. */
  complete(record: ArtifactRecord, said?: { readonly sha256?: string | undefined }): Promise<ArtifactRecord>;
  /** Throws ARTIFACT_INCOMPLETE while it is being uploaded. */
  signDownload(record: ArtifactRecord, expiresInMs: number): Promise<SignedRequest>;
  /** With its bytes, or the parts that have arrived. */
  remove(record: ArtifactRecord): Promise<void>;
  /** Removes what is over its time; answers how many. */
  sweep(): Promise<number>;
  readonly limits: ArtifactLimits;
  /** Bytes that are announced count as if they were there. */
  usage(of?: { readonly owner?: string; readonly visitor?: string | undefined }): ArtifactUsage;
}

/** How long and how much is kept. */
export interface ArtifactLimits {
  readonly retentionMs: Readonly<Record<ArtifactPrefix, number>>;
  readonly quota: ArtifactQuota;
}

export interface NewArtifact {
  readonly prefix: ArtifactPrefix;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly owner: string;
  readonly visitor?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly reader?: string | undefined;
  readonly resumeKey?: string | undefined;
  readonly allowance?: Claim['allowance'];
}

export interface ArtifactsOptions {
  readonly store: ArtifactStore;
  readonly records: ArtifactRecords;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'short'>;
  readonly limits: ArtifactLimits;
  readonly ledger: ArtifactLedger;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UPLOAD_URL_MS = HOUR_MS;
/** An upload that nobody goes on with; R2 aborts them after as long. */
const UNFINISHED_MS = 7 * DAY_MS;
const SWEPT_AT_ONCE = 100;
/** 160 bits and more: an id alone must not be guessed. */
const ID_LENGTH = 32;

/** From its first call to its end. */
function createLife({
  store,
  records,
  clock,
  ids,
  limits,
  ledger,
}: ArtifactsOptions): Pick<Artifacts, 'create' | 'complete' | 'remove'> {
  const inTurn = createKeyedTurns();

  /** Of calls for one resume key at once the first begins the upload, and the others find it. */
  function create(wanted: NewArtifact): Promise<{ record: ArtifactRecord; isNew: boolean }> {
    const { owner, visitor, resumeKey } = wanted;
    if (resumeKey === undefined) return beginNew(wanted);
    return inTurn(JSON.stringify([owner, visitor, resumeKey]), async () => {
      const before = records.unfinished(wanted, resumeKey);
      const isOver = before !== undefined && before.expiresAt <= clock.now();
      if (before && !isOver && before.sizeBytes === wanted.sizeBytes) return { record: before, isNew: false };
      if (before) await remove(before);
      return beginNew(wanted);
    });
  }

  async function beginNew(wanted: NewArtifact): Promise<{ record: ArtifactRecord; isNew: boolean }> {
    ledger.claim(wanted);
    try {
      const record = await begin(wanted);
      await records.insert(record).catch(async (error: unknown) => {
        await abort(record);
        throw error;
      });
      return { record, isNew: true };
    } catch (error) {
      ledger.release(wanted);
      throw error;
    }
  }

  async function begin(wanted: NewArtifact): Promise<ArtifactRecord> {
    const { prefix, name, mediaType, sizeBytes, owner, visitor, endpoint, reader, resumeKey } = wanted;
    const id = ids.short(ID_LENGTH);
    const key = issueKey(prefix, id, wanted);
    const now = clock.now();
    const plan = planParts(sizeBytes);
    const isInParts = sizeBytes >= MULTIPART_FROM_BYTES;
    const uploadId = isInParts ? await store.multipart.create(key, { ...plan, mediaType }) : undefined;
    return {
      ...{ id, key, name, mediaType, sizeBytes, owner, createdAt: now, expiresAt: now + UNFINISHED_MS },
      ...(visitor === undefined ? {} : { visitor }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(reader === undefined ? {} : { reader }),
      ...(uploadId === undefined ? {} : { multipart: { uploadId, partSizeBytes: plan.partSizeBytes } }),
      ...(resumeKey === undefined ? {} : { resumeKey }),
    };
  }

  async function abort(record: ArtifactRecord): Promise<void> {
    const upload = uploadOf(record);
    if (upload) await store.multipart.abort(upload);
  }

  async function remove(record: ArtifactRecord): Promise<void> {
    await abort(record);
    await store.delete(record.key);
    if (await records.remove(record.id)) ledger.release(record);
  }

  async function complete(
    record: ArtifactRecord,
    said: { readonly sha256?: string | undefined } = {},
  ): Promise<ArtifactRecord> {
    const { id, key, mediaType } = record;
    if (record.readyAt !== undefined) return record;
    const problem = await findProblem(store, record);
    if (problem !== undefined) {
      await remove(record);
      throw new ArtifactError('ARTIFACT_MISMATCH', `${problem}; nothing was kept, upload it anew`);
    }
    const prefix = key.split('/')[0] as ArtifactPrefix;
    const readyAt = clock.now();
    // What a call that was cut off left behind.
    await abort(record);
    const expiresAt = readyAt + limits.retentionMs[prefix];
    await records.markReady(id, { readyAt, mediaType, expiresAt, sha256: said.sha256 });
    return records.get(id) ?? record;
  }

  return { create, complete, remove };
}

export function createArtifacts(options: ArtifactsOptions): Artifacts {
  const { store, records, clock, limits, ledger } = options;
  const life = createLife(options);

  return {
    ...{ store, limits, ...life, ...createSigning(store) },
    usage({ owner, visitor } = {}) {
      if (visitor !== undefined) return ledger.ofVisitor(visitor);
      return owner === undefined ? ledger.total() : ledger.of(owner);
    },
    list: (filter) => records.list({ ...filter, now: clock.now() }),
    find(id, viewer) {
      const record = records.get(id);
      // What is over its time is gone, swept or not.
      if (!record || record.expiresAt <= clock.now()) throw notFound(id);
      if (viewer && !isSeenBy(viewer, record)) throw notFound(id);
      return record;
    },
    async sweep() {
      const expired = records.expired(clock.now(), SWEPT_AT_ONCE);
      for (const record of expired) await life.remove(record);
      return expired.length;
    },
  };
}

function createSigning(
  store: ArtifactStore,
): Pick<Artifacts, 'signUpload' | 'signPart' | 'parts' | 'signDownload'> {
  return {
    async signUpload(record) {
      if (record.readyAt !== undefined || record.multipart) throw uploadGone();
      return store.presignPut(record.key, { ...record, expiresInMs: UPLOAD_URL_MS, onlyNew: true });
    },
    async signPart(record, partNumber) {
      return store.multipart.presignPart(demandUpload(record), partNumber, { expiresInMs: UPLOAD_URL_MS });
    },
    parts: (record) => listArrived(store, demandUpload(record)),
    async signDownload(record, expiresInMs) {
      if (record.readyAt === undefined)
        throw new ArtifactError('ARTIFACT_INCOMPLETE', 'it is still being uploaded; complete it first');
      return store.presignGet(record.key, { ...record, expiresInMs });
    },
  };
}

export function isSeenBy(
  { owner, visitor, isReader, endpoints }: Viewer,
  record: Pick<ArtifactRecord, 'owner' | 'visitor' | 'reader' | 'endpoint'>,
): boolean {
  if (record.owner === owner && (visitor === undefined || record.visitor === visitor)) return true;
  if (isReader && record.reader === owner) return true;
  return record.endpoint !== undefined && endpoints?.includes(record.endpoint) === true;
}

function uploadOf({ key, sizeBytes, multipart }: ArtifactRecord): UploadRef | undefined {
  return multipart && { key, sizeBytes, ...multipart };
}

function demandUpload(record: ArtifactRecord): UploadRef {
  const upload = uploadOf(record);
  if (!upload || record.readyAt !== undefined) throw uploadGone();
  return upload;
}

/** All of them where they were put together by a call that was cut off before it could say so. */
async function listArrived(store: ArtifactStore, upload: UploadRef): Promise<readonly StoredPart[]> {
  try {
    return await store.multipart.listParts(upload);
  } catch (error) {
    const isGone = error instanceof ArtifactError && error.code === 'UPLOAD_NOT_FOUND';
    const info = isGone ? await store.head(upload.key) : undefined;
    if (!info) throw error;
    const numbers = Array.from({ length: partCount(upload) }, (_, index) => index + 1);
    return numbers.map((number) => ({
      partNumber: number,
      sizeBytes: partSize(upload, number),
      etag: info.etag,
    }));
  }
}

/** Of a call beside this one, or one that was cut off, all parts may be together already. */
async function putTogether(store: ArtifactStore, upload: UploadRef): Promise<ArtifactInfo> {
  try {
    return await store.multipart.complete(upload);
  } catch (error) {
    const isGone = error instanceof ArtifactError && error.code === 'UPLOAD_NOT_FOUND';
    const info = isGone ? await store.head(upload.key) : undefined;
    if (!info) throw error;
    return info;
  }
}

/** What is wrong with what arrived. Throws ARTIFACT_INCOMPLETE where something is still to come. */
async function findProblem(store: ArtifactStore, record: ArtifactRecord): Promise<string | undefined> {
  const upload = uploadOf(record);
  const info = (await store.head(record.key)) ?? (upload ? await putTogether(store, upload) : undefined);
  if (!info) {
    const message = 'nothing has arrived yet; send it to the URL, then complete';
    throw new ArtifactError('ARTIFACT_INCOMPLETE', message);
  }
  if (info.sizeBytes === record.sizeBytes) return findLieIn(store, record);
  return `${record.sizeBytes} bytes were announced, ${info.sizeBytes} arrived`;
}

/** What an artifact is instead of what was announced. */
async function findLieIn(
  store: ArtifactStore,
  { key, mediaType, sizeBytes }: ArtifactRecord,
): Promise<string | undefined> {
  if (sizeBytes === 0) return undefined;
  const { stream } = await store.get(key, { start: 0, end: MAGIC_BYTES });
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  const found = findLie(mediaType, Buffer.concat(chunks));
  return found && `${mediaType} was announced, but its first bytes are those of a ${found}`;
}
