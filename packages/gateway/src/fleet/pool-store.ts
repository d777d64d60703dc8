import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';

/** The id of a connected worker from elsewhere, and the key that may speak for it. */
export interface PoolBinding {
  readonly workerId: string;
  readonly endpoint: string;
  readonly keyId: string;
}

/** Where the ids of connected workers survive a restart. It holds no more than there are such workers. */
export interface PoolStore {
  load(): readonly PoolBinding[];
  /** Writes all changes, or none and rejects; `undefined` frees an id. */
  save(changes: ReadonlyMap<string, PoolBinding | undefined>): Promise<void>;
}

/** In the file of the jobs; `inTurn` writes when the job store does not. */
export function createPoolStore(db: DatabaseSync, inTurn: Turn = runNow): PoolStore {
  const all = db.prepare('SELECT worker_id, endpoint, key_id FROM pool_workers');
  const put = db.prepare(
    'INSERT OR REPLACE INTO pool_workers (worker_id, endpoint, key_id) VALUES (?, ?, ?)',
  );
  const drop = db.prepare('DELETE FROM pool_workers WHERE worker_id = ?');
  return {
    load: () =>
      all.all().map((row) => ({
        workerId: String(row.worker_id),
        endpoint: String(row.endpoint),
        keyId: String(row.key_id),
      })),
    save: (changes) =>
      inTurn(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          for (const [workerId, binding] of changes) {
            if (binding) put.run(workerId, binding.endpoint, binding.keyId);
            else drop.run(workerId);
          }
          db.exec('COMMIT');
        } catch (error) {
          // A full disk ends the transaction by itself.
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
  };
}
