import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';
import type { KnownUsage } from './artifact-ledger.ts';
import type { ArtifactRecord } from './artifact-records.ts';

/** Whose a file of workers is, and until when it is kept. */
export interface WorkerFileRecord {
  readonly key: string;
  readonly endpoint: string;
  readonly expiresAt: number;
  /** In quotas. */
  readonly countedBytes: number;
  /** When it is to be looked at how large it is. */
  readonly lookAt?: number;
  /** While it is uploaded in parts. */
  readonly upload?: { readonly uploadId: string; readonly sizeBytes: number; readonly partSizeBytes: number };
}

export interface WorkerFileRecords {
  get(key: string): WorkerFileRecord | undefined;
  /** Those of an endpoint whose keys begin so. */
  keys(endpoint: string, prefix: string): readonly string[];
  expired(now: number, limit: number): readonly WorkerFileRecord[];
  /** Those that are to be looked at. */
  due(now: number, limit: number): readonly WorkerFileRecord[];
  /** By endpoint. */
  usage(): readonly KnownUsage[];
  put(record: WorkerFileRecord): Promise<void>;
  remove(key: string): Promise<void>;
  /** An artifact that a caller's key uploaded, or a job made, and that is there whole. */
  upload(key: string): UploadedFile | undefined;
}

/** What its uploader calls it, and whose it is. */
export type UploadedFile = Pick<ArtifactRecord, 'name' | 'owner' | 'visitor' | 'reader'>;

export function createWorkerFileRecords(db: DatabaseSync, inTurn: Turn = runNow): WorkerFileRecords {
  const sql = {
    get: db.prepare('SELECT * FROM worker_files WHERE key = ?'),
    // No key has a character as high as that.
    keys: db.prepare('SELECT key FROM worker_files WHERE endpoint = ? AND key >= ? AND key < ?'),
    expired: db.prepare('SELECT * FROM worker_files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    due: db.prepare('SELECT * FROM worker_files WHERE look_at <= ? ORDER BY look_at LIMIT ?'),
    usage: db.prepare(
      'SELECT endpoint, sum(counted_bytes) AS bytes, count(*) AS artifacts FROM worker_files GROUP BY endpoint',
    ),
    put: db.prepare(
      `INSERT OR REPLACE INTO worker_files (key, endpoint, expires_at, counted_bytes, look_at, upload_id, size_bytes, part_size_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    remove: db.prepare('DELETE FROM worker_files WHERE key = ?'),
    upload: db.prepare(
      'SELECT name, owner, visitor, reader FROM artifacts WHERE key = ? AND ready_at IS NOT NULL',
    ),
  };
  return {
    get(key) {
      const row = sql.get.get(key);
      return row && recordOf(row);
    },
    keys: (endpoint, prefix) =>
      sql.keys.all(endpoint, prefix, `${prefix}\u{10ffff}`).map(({ key }) => String(key)),
    expired: (now, limit) => sql.expired.all(now, limit).map(recordOf),
    due: (now, limit) => sql.due.all(now, limit).map(recordOf),
    usage: () =>
      sql.usage.all().map(({ endpoint, bytes, artifacts }) => ({
        ...{ owner: String(endpoint), isEndpoint: true },
        ...{ bytes: Number(bytes), artifacts: Number(artifacts) },
      })),
    put: ({ key, endpoint, expiresAt, countedBytes, lookAt = null, upload }) =>
      inTurn(() => {
        const { uploadId = null, sizeBytes = null, partSizeBytes = null } = upload ?? {};
        const now = [key, endpoint, expiresAt, countedBytes, lookAt] as const;
        sql.put.run(...now, uploadId, sizeBytes, partSizeBytes);
      }),
    remove: (key) => inTurn(() => void sql.remove.run(key)),
    upload(key) {
      const row = sql.upload.get(key);
      if (!row) return undefined;
      const { name, owner, visitor, reader } = row;
      return {
        ...{ name: String(name), owner: String(owner) },
        ...(typeof visitor === 'string' ? { visitor } : {}),
        ...(typeof reader === 'string' ? { reader } : {}),
      };
    },
  };
}

function recordOf(row: Record<string, unknown>): WorkerFileRecord {
  const { upload_id: uploadId, look_at: lookAt } = row;
  const upload = { sizeBytes: Number(row.size_bytes), partSizeBytes: Number(row.part_size_bytes) };
  return {
    ...{ key: String(row.key), endpoint: String(row.endpoint), expiresAt: Number(row.expires_at) },
    countedBytes: Number(row.counted_bytes),
    ...(typeof lookAt === 'number' ? { lookAt } : {}),
    ...(typeof uploadId === 'string' ? { upload: { uploadId, ...upload } } : {}),
  };
}
