import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

const FOLDER = new URL('./migrations/', import.meta.url);

/** Brings the schema to the newest version, each file of `migrations/` in a transaction of its own. */
export function migrate(db: DatabaseSync): void {
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const row = db.prepare('PRAGMA user_version').get();
  const current = Number(row?.user_version ?? 0);
  if (current > files.length) {
    throw new Error(
      `the data directory was written by a newer Spillway (schema ${current}, this one knows ${files.length}); upgrade Spillway or use another data directory`,
    );
  }
  for (const [index, name] of files.entries()) {
    if (index < current) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(readFileSync(new URL(name, FOLDER), 'utf8'));
      db.exec(`PRAGMA user_version = ${index + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
}
