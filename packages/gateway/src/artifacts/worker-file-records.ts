import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';

/** Whose a file of workers is, and until when it is kept. */
export interface WorkerFileRecord {
  readonly key: string;
  readonly endpoint: string;
  readonly expiresAt: number;
  /** While it is uploaded in parts. */
  readonly upload?: { readonly uploadId: string; readonly sizeBytes: number; readonly partSizeBytes: number };
}

export interface WorkerFileRecords {
  get(key: string): WorkerFileRecord | undefined;
  /** Those of an endpoint whose keys begin so. */
  keys(endpoint: string, prefix: string): readonly string[];
  expired(now: number, limit: number): readonly WorkerFileRecord[];
  put(record: WorkerFileRecord): Promise<void>;
  remove(key: string): Promise<void>;
  /** What the uploader of an artifact that a caller's key uploaded, and that is there whole, calls it. */
  uploadName(key: string): string | undefined;
}

export function createWorkerFileRecords(db: DatabaseSync, inTurn: Turn = runNow): WorkerFileRecords {
  const sql = {
    get: db.prepare('SELECT * FROM worker_files WHERE key = ?'),
    // No key has a character as high as that.
    keys: db.prepare('SELECT key FROM worker_files WHERE endpoint = ? AND key >= ? AND key < ?'),
    expired: db.prepare('SELECT * FROM worker_files WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    put: db.prepare(
      `INSERT OR REPLACE INTO worker_files (key, endpoint, expires_at, upload_id, size_bytes, part_size_bytes)
       VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    remove: db.prepare('DELETE FROM worker_files WHERE key = ?'),
    upload: db.prepare('SELECT name FROM artifacts WHERE key = ? AND ready_at IS NOT NULL'),
  };
  return {
    get(key) {
      const row = sql.get.get(key);
      return row && recordOf(row);
    },
    keys: (endpoint, prefix) =>
      sql.keys.all(endpoint, prefix, `${prefix}\u{10ffff}`).map(({ key }) => String(key)),
    expired: (now, limit) => sql.expired.all(now, limit).map(recordOf),
    put: ({ key, endpoint, expiresAt, upload }) =>
      inTurn(() => {
        const { uploadId = null, sizeBytes = null, partSizeBytes = null } = upload ?? {};
        sql.put.run(key, endpoint, expiresAt, uploadId, sizeBytes, partSizeBytes);
      }),
    remove: (key) => inTurn(() => void sql.remove.run(key)),
    uploadName(key) {
      const row = sql.upload.get(key);
      return row && String(row.name);
    },
  };
}

function recordOf(row: Record<string, unknown>): WorkerFileRecord {
  const { upload_id: uploadId } = row;
  const upload = { sizeBytes: Number(row.size_bytes), partSizeBytes: Number(row.part_size_bytes) };
  return {
    ...{ key: String(row.key), endpoint: String(row.endpoint), expiresAt: Number(row.expires_at) },
    ...(typeof uploadId === 'string' ? { upload: { uploadId, ...upload } } : {}),
  };
}
