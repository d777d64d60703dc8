import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../../lib/turn.ts';
import type { SignatureStore } from '../signature-store.ts';

/** Used signatures in the file of the jobs; `inTurn` writes when the job store does not. */
export function createSqliteSignatureStore(db: DatabaseSync, inTurn: Turn = runNow): SignatureStore {
  const all = db.prepare('SELECT signature, holder, until FROM used_signatures WHERE until >= ?');
  const insert = db.prepare('INSERT OR IGNORE INTO used_signatures VALUES (?, ?, ?)');
  const drop = db.prepare('DELETE FROM used_signatures WHERE until < ?');
  return {
    load: (now) =>
      all.all(now).map(({ signature, holder, until }) => ({
        signature: String(signature),
        holder: holder === null ? undefined : String(holder),
        until: Number(until),
      })),
    keep: ({ signatures, now }) =>
      inTurn(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          drop.run(now);
          for (const { signature, holder = null, until } of signatures) insert.run(signature, holder, until);
          db.exec('COMMIT');
        } catch (error) {
          // A full disk ends the transaction itself.
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
  };
}
