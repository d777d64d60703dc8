import { DatabaseSync } from 'node:sqlite';
import { migrate } from './migrate.ts';

/** Opens (or makes) a database file: WAL, and every commit synced to disk before it returns. */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA busy_timeout = 5000');
  db.exec('PRAGMA foreign_keys = ON');
  migrate(db);
  return db;
}
