import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';

/** What is known of an artifact besides its bytes. */
export interface ArtifactRecord {
  readonly id: string;
  readonly key: string;
  /** As its user calls it: data, never a part of a path. */
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly owner: string;
  readonly createdAt: number;
  /** Absent while it is being uploaded. */
  readonly readyAt?: number;
  readonly expiresAt: number;
  /** Set for one that comes in parts. */
  readonly multipart?: { readonly uploadId: string; readonly partSizeBytes: number };
  readonly resumeKey?: string;
}

export interface ArtifactRecords {
  get(id: string): ArtifactRecord | undefined;
  /** The unfinished upload that this owner began under this key. */
  unfinished(owner: string, resumeKey: string): ArtifactRecord | undefined;
  expired(now: number, limit: number): readonly ArtifactRecord[];
  insert(record: ArtifactRecord): Promise<void>;
  markReady(
    id: string,
    ready: Pick<ArtifactRecord, 'mediaType' | 'expiresAt'> & { readyAt: number },
  ): Promise<void>;
  remove(id: string): Promise<void>;
}

/** In the file of the jobs; `inTurn` writes when the job store does not. */
export function createArtifactRecords(db: DatabaseSync, inTurn: Turn = runNow): ArtifactRecords {
  const sql = {
    get: db.prepare('SELECT * FROM artifacts WHERE id = ?'),
    unfinished: db.prepare('SELECT * FROM artifacts WHERE owner = ? AND resume_key = ? AND ready_at IS NULL'),
    expired: db.prepare('SELECT * FROM artifacts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    insert: db.prepare(
      `INSERT INTO artifacts (id, key, name, media_type, size_bytes, owner, created_at, expires_at, upload_id, part_size_bytes, resume_key)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    markReady: db.prepare(
      'UPDATE artifacts SET ready_at = ?, media_type = ?, expires_at = ?, upload_id = NULL WHERE id = ?',
    ),
    remove: db.prepare('DELETE FROM artifacts WHERE id = ?'),
  };
  const one = (row: Row | undefined) => row && recordOf(row);
  return {
    get: (id) => one(sql.get.get(id)),
    unfinished: (owner, resumeKey) => one(sql.unfinished.get(owner, resumeKey)),
    expired: (now, limit) => sql.expired.all(now, limit).map(recordOf),
    insert: (record) =>
      inTurn(() => {
        const { id, key, name, mediaType, sizeBytes, owner, createdAt, expiresAt, multipart, resumeKey } =
          record;
        sql.insert.run(
          ...[id, key, name, mediaType, sizeBytes, owner, createdAt, expiresAt],
          ...[multipart?.uploadId ?? null, multipart?.partSizeBytes ?? null, resumeKey ?? null],
        );
      }),
    markReady: (id, { readyAt, mediaType, expiresAt }) =>
      inTurn(() => void sql.markReady.run(readyAt, mediaType, expiresAt, id)),
    remove: (id) => inTurn(() => void sql.remove.run(id)),
  };
}

type Row = Record<string, unknown>;

function recordOf(row: Row): ArtifactRecord {
  const { upload_id: uploadId, part_size_bytes: partSizeBytes } = row;
  return {
    id: String(row.id),
    key: String(row.key),
    name: String(row.name),
    mediaType: String(row.media_type),
    sizeBytes: Number(row.size_bytes),
    owner: String(row.owner),
    createdAt: Number(row.created_at),
    ...(row.ready_at === null ? {} : { readyAt: Number(row.ready_at) }),
    expiresAt: Number(row.expires_at),
    ...(typeof uploadId === 'string'
      ? { multipart: { uploadId, partSizeBytes: Number(partSizeBytes) } }
      : {}),
    ...(typeof row.resume_key === 'string' ? { resumeKey: row.resume_key } : {}),
  };
}
