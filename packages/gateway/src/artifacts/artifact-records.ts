import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';
import type { KnownUsage } from './artifact-ledger.ts';

/** What is known of an artifact besides its bytes. */
export interface ArtifactRecord {
  readonly id: string;
  readonly key: string;
  /** As its user calls it: data, never a part of a path. */
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly owner: string;
  /** Whose it is among those that upload for its owner. */
  readonly visitor?: string;
  /** The endpoint whose workers may read it. */
  readonly endpoint?: string;
  /** The key that may read it besides: whoever submitted the job that made it. */
  readonly reader?: string;
  readonly createdAt: number;
  /** Absent while it is being uploaded. */
  readonly readyAt?: number;
  readonly expiresAt: number;
  /** Set for one that comes in parts. */
  readonly multipart?: { readonly uploadId: string; readonly partSizeBytes: number };
  readonly resumeKey?: string;
  /** As its uploader said; nobody here reads all bytes. */
  readonly sha256?: string;
}

/** Whose artifacts somebody sees. */
export interface Viewer {
  readonly owner: string;
  /** Sees no other visitor's. */
  readonly visitor?: string | undefined;
  /** It sees what its jobs made, too. */
  readonly isReader?: boolean;
  /** A worker's: it sees what is meant for them, too. */
  readonly endpoints?: readonly string[] | undefined;
}

export interface ArtifactFilter {
  /** Absent: everybody's. */
  readonly viewer?: Viewer | undefined;
  /** Of its key. */
  readonly prefix?: string | undefined;
  readonly key?: string | undefined;
  readonly now: number;
  readonly limit: number;
  /** From `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface ArtifactPage {
  readonly artifacts: readonly ArtifactRecord[];
  readonly nextCursor?: string;
}

export interface ArtifactRecords {
  get(id: string): ArtifactRecord | undefined;
  /** The unfinished upload that this owner began under this key. */
  unfinished(viewer: Viewer, resumeKey: string): ArtifactRecord | undefined;
  /** Newest first. */
  list(filter: ArtifactFilter): ArtifactPage;
  expired(now: number, limit: number): readonly ArtifactRecord[];
  /** What takes up room, by owner and visitor. */
  usage(): readonly KnownUsage[];
  insert(record: ArtifactRecord): Promise<void>;
  markReady(
    id: string,
    ready: Pick<ArtifactRecord, 'mediaType' | 'expiresAt'> & {
      readyAt: number;
      sha256?: string | undefined;
    },
  ): Promise<void>;
  /** False where it was gone already. */
  remove(id: string): Promise<boolean>;
}

const LIST = `SELECT * FROM artifacts WHERE expires_at > :now
  AND (:owner IS NULL
    OR (owner = :owner AND (:visitor IS NULL OR visitor = :visitor))
    OR reader = :reader
    OR endpoint IN (SELECT value FROM json_each(:endpoints)))
  AND (:prefix IS NULL OR key >= :prefix AND key < :prefix || char(1114111))
  AND (:key IS NULL OR key = :key)
  AND (:before IS NULL OR (created_at, id) < (:before, :id))
  ORDER BY created_at DESC, id DESC LIMIT :limit`;

/** In the file of the jobs; `inTurn` writes when the job store does not. */
export function createArtifactRecords(db: DatabaseSync, inTurn: Turn = runNow): ArtifactRecords {
  const sql = {
    get: db.prepare('SELECT * FROM artifacts WHERE id = ?'),
    unfinished: db.prepare(
      `SELECT * FROM artifacts WHERE owner = ? AND coalesce(visitor, '') = ? AND resume_key = ? AND ready_at IS NULL`,
    ),
    list: db.prepare(LIST),
    expired: db.prepare('SELECT * FROM artifacts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'),
    usage: db.prepare(
      'SELECT owner, visitor, sum(size_bytes) AS bytes, count(*) AS artifacts FROM artifacts GROUP BY owner, visitor',
    ),
    insert: db.prepare(
      `INSERT INTO artifacts (id, key, name, media_type, size_bytes, owner, created_at, expires_at, upload_id, part_size_bytes, resume_key, visitor, endpoint, reader)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    markReady: db.prepare(
      'UPDATE artifacts SET ready_at = ?, media_type = ?, expires_at = ?, sha256 = ?, upload_id = NULL WHERE id = ?',
    ),
    remove: db.prepare('DELETE FROM artifacts WHERE id = ?'),
  };
  const one = (row: Row | undefined) => row && recordOf(row);
  return {
    get: (id) => one(sql.get.get(id)),
    unfinished: ({ owner, visitor = '' }, resumeKey) => one(sql.unfinished.get(owner, visitor, resumeKey)),
    list: (filter) => pageOf(sql.list.all(listParameters(filter)).map(recordOf), filter.limit),
    expired: (now, limit) => sql.expired.all(now, limit).map(recordOf),
    usage: () =>
      sql.usage.all().map(({ owner, visitor, bytes, artifacts }) => ({
        ...{ owner: String(owner), bytes: Number(bytes), artifacts: Number(artifacts) },
        ...(typeof visitor === 'string' ? { visitor } : {}),
      })),
    insert: (record) => inTurn(() => void sql.insert.run(...insertValues(record))),
    markReady: (id, { readyAt, mediaType, expiresAt, sha256 = null }) =>
      inTurn(() => void sql.markReady.run(readyAt, mediaType, expiresAt, sha256, id)),
    remove: (id) => inTurn(() => sql.remove.run(id).changes > 0),
  };
}

function insertValues(record: ArtifactRecord): (string | number | null)[] {
  const { id, key, name, mediaType, sizeBytes, owner, createdAt, expiresAt, multipart } = record;
  return [
    ...[id, key, name, mediaType, sizeBytes, owner, createdAt, expiresAt],
    ...[multipart?.uploadId ?? null, multipart?.partSizeBytes ?? null, record.resumeKey ?? null],
    ...[record.visitor ?? null, record.endpoint ?? null, record.reader ?? null],
  ];
}

const CURSOR = /^(\d{1,15})-([a-z0-9]{1,64})$/;

/** One more than asked for tells whether there are more. */
function listParameters({ viewer, prefix, key, now, limit, cursor }: ArtifactFilter) {
  const [, before, id] = CURSOR.exec(cursor ?? '') ?? [];
  return {
    ...{ now, limit: limit + 1, prefix: prefix ?? null, key: key ?? null },
    ...{ owner: viewer?.owner ?? null, visitor: viewer?.visitor ?? null },
    ...{ reader: viewer?.isReader ? viewer.owner : null, endpoints: JSON.stringify(viewer?.endpoints ?? []) },
    ...{ before: before === undefined ? null : Number(before), id: id ?? null },
  };
}

function pageOf(records: readonly ArtifactRecord[], limit: number): ArtifactPage {
  const artifacts = records.slice(0, limit);
  const last = artifacts.at(-1);
  if (records.length <= limit || !last) return { artifacts };
  return { artifacts, nextCursor: `${last.createdAt}-${last.id}` };
}

type Row = Record<string, unknown>;

const TEXTS = [
  ['resumeKey', 'resume_key'],
  ['visitor', 'visitor'],
  ['endpoint', 'endpoint'],
  ['reader', 'reader'],
  ['sha256', 'sha256'],
] as const;

function recordOf(row: Row): ArtifactRecord {
  const { upload_id: uploadId, part_size_bytes: partSizeBytes } = row;
  const texts = TEXTS.filter(([, column]) => typeof row[column] === 'string');
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
    ...Object.fromEntries(texts.map(([name, column]) => [name, String(row[column])])),
  };
}
