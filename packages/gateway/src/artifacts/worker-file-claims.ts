import { ARTIFACT_PREFIXES, type ArtifactPrefix, type ArtifactStore, checkKey } from '@spillway/artifacts';
import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { ArtifactLedger } from './artifact-ledger.ts';
import type { WorkerFileRecord, WorkerFileRecords } from './worker-file-records.ts';

/**
 * What files of workers are noted as before their bytes come: whose they are, how long they are kept, and what they count
 * for in the quotas. What came of a write that failed, or of a URL that was given away, is looked at later.
 */
export interface WorkerFileClaims {
  /**
   * Throws FORBIDDEN where the key is somebody else's, and what the quotas refuse with. A file of up to 1 MiB that says how
   * a job stands is never refused, or a job that is out of room could not say so.
   */
  take(endpoint: string, key: string, wanted: WantedFile): Promise<void>;
  /** Nobody knows what of it is there. */
  fail(key: string): Promise<void>;
  /** How large it really is; undefined: it is not there. Forgets what never came. */
  settle(record: WorkerFileRecord, sizeBytes: number | undefined): Promise<void>;
  /** An upload in parts is over, and so large is what is there now; undefined: nothing is. */
  finish(key: string, sizeBytes: number | undefined): Promise<void>;
  remove(record: Pick<WorkerFileRecord, 'key' | 'endpoint'>): Promise<void>;
}

export interface WantedFile {
  /** That it is announced with, 0 where nobody knows. */
  readonly sizeBytes: number;
  /** Of a URL by which others write it, milliseconds. */
  readonly writableMs?: number;
  readonly upload?: WorkerFileRecord['upload'];
}

export interface WorkerFileClaimsOptions {
  readonly store: ArtifactStore;
  readonly records: WorkerFileRecords;
  readonly ledger: ArtifactLedger;
  readonly clock: Pick<Clock, 'now'>;
  readonly retentionMs: Readonly<Record<ArtifactPrefix, number>>;
}

/** An upload that nobody goes on with. */
const UNFINISHED_MS = 7 * 86_400_000;
const ALWAYS_TAKEN_BYTES = 1024 * 1024;

export function createWorkerFileClaims(options: WorkerFileClaimsOptions): WorkerFileClaims {
  const { store, records, ledger, clock, retentionMs } = options;
  const ownerOf = (endpoint: string) => ({ owner: endpoint, isEndpoint: true });
  const resize = ({ endpoint, countedBytes }: WorkerFileRecord, sizeBytes: number) =>
    ledger.add({ ...ownerOf(endpoint), sizeBytes, replacedBytes: countedBytes });

  const remove: WorkerFileClaims['remove'] = async ({ key, endpoint }) => {
    const countedBytes = records.get(key)?.countedBytes;
    if (countedBytes === undefined) return;
    ledger.release({ ...ownerOf(endpoint), sizeBytes: countedBytes });
    await records.remove(key);
  };

  return {
    async take(endpoint, key, { sizeBytes, writableMs = 0, upload }) {
      const prefix = prefixOf(key);
      const before = records.get(key);
      if (records.upload(key) !== undefined || (before && before.endpoint !== endpoint))
        throw new GatewayError('FORBIDDEN', `${key} belongs to somebody else`);
      const isOfUpload = before?.upload !== undefined && before.upload.uploadId === upload?.uploadId;
      const room = { ...ownerOf(endpoint), sizeBytes, replacedBytes: before?.countedBytes };
      if (prefix === 'status' && sizeBytes <= ALWAYS_TAKEN_BYTES) ledger.add(room);
      else ledger.claim(room);
      const keptMs = upload ? UNFINISHED_MS : retentionMs[prefix] + writableMs;
      const now = clock.now();
      await records.put({
        ...{ key, endpoint, expiresAt: now + keptMs, countedBytes: sizeBytes },
        ...(upload ? { upload } : {}),
        ...(writableMs > 0 ? { lookAt: now + writableMs } : {}),
      });
      if (before?.upload && !isOfUpload) await store.multipart.abort({ key, ...before.upload });
    },
    async fail(key) {
      const record = records.get(key);
      if (record) await records.put({ ...record, lookAt: clock.now() });
    },
    async settle({ key }, sizeBytes) {
      const record = records.get(key);
      if (!record) return;
      const isDue = record.lookAt !== undefined && record.lookAt <= clock.now();
      if (sizeBytes === undefined && isDue && !record.upload) return remove(record);
      const { lookAt, ...rest } = record;
      const countedBytes = record.upload ? record.countedBytes : (sizeBytes ?? 0);
      resize(record, countedBytes);
      await records.put({ ...rest, countedBytes, ...(isDue || lookAt === undefined ? {} : { lookAt }) });
    },
    async finish(key, sizeBytes) {
      const record = records.get(key);
      if (!record) return;
      if (sizeBytes === undefined) return remove(record);
      resize(record, sizeBytes);
      const expiresAt = clock.now() + retentionMs[prefixOf(key)];
      await records.put({ key, endpoint: record.endpoint, expiresAt, countedBytes: sizeBytes });
    },
    remove,
  };
}

function prefixOf(key: string): ArtifactPrefix {
  const prefix = ARTIFACT_PREFIXES.find((one) => checkKey(key).startsWith(`${one}/`));
  if (prefix !== undefined) return prefix;
  throw new GatewayError('INPUT_INVALID', `key: expected one below ${ARTIFACT_PREFIXES.join(', ')}`);
}
