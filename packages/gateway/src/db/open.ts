import { DatabaseSync } from 'node:sqlite';
import { migrate } from './migrate.ts';

/** Why SQLite can't use a file, by its primary result code. */
const REASONS: Readonly<Record<number, string>> = {
  8: 'it may not be written; check its owner, its permissions and whether its file system is read-only',
  11: 'it is damaged; restore a backup, or move it away to start with an empty one',
  13: 'the disk is full; free some space',
  14: 'it may not be opened; check its owner, its permissions and whether its file system is read-only',
  26: 'it is damaged, or no database; restore a backup, or move it away to start with an empty one',
};

/**
 * Opens (or makes) a database file: WAL, and every commit synced to disk before it returns. Throws an Error whose
 * message is a sentence for the user.
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = connect(path);
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    throw explained(path, error);
  }
}

/** A connection as every one of ours is set up; the schema is left as it is. */
export function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA busy_timeout = 5000');
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec('PRAGMA foreign_keys = ON');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function explained(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'errcode' in error)) return error;
  const reason = REASONS[Number(error.errcode) & 0xff] ?? error.message;
  return new Error(`can't use the database ${path}: ${reason}`, { cause: error });
}
