import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../../lib/turn.ts';
import { DAY_MS } from '../periods.ts';

/** What RunPod bills for one of its endpoints in an hour. */
export interface BilledHour {
  readonly at: number;
  readonly micros: number;
}

/** Under which name the bill of a network volume is kept; endpoints' are kept under their ids, which have no colon. */
export const volumeBill = (volumeId: string): string => `${VOLUME_BILLS}${volumeId}`;
export const VOLUME_BILLS = 'volume:';

/** A stretch of a bill as it was read: all of it, hours without a cost included. */
export interface BillRead {
  /** Or a volume. */
  readonly remoteEndpoint: string;
  /** The endpoint here that shows its line. */
  readonly endpoint: string;
  readonly from: number;
  readonly until: number;
  readonly hours: readonly BilledHour[];
}

export type BillStore = ReturnType<typeof createBillStore>;

/** RunPod's bills in the file of the jobs. */
export function createBillStore(db: DatabaseSync, inTurn: Turn = runNow) {
  const read = db.prepare('SELECT since, until FROM usage_bill_reads WHERE remote_endpoint = ?');
  const clear = db.prepare('DELETE FROM usage_bills WHERE remote_endpoint = ? AND at >= ? AND at < ?');
  const add = db.prepare('INSERT INTO usage_bills VALUES (?, ?, ?)');
  const note = db.prepare(
    `INSERT INTO usage_bill_reads VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
       SET endpoint = ?2, until = max(until, ?4)`,
  );
  const dropBills = db.prepare('DELETE FROM usage_bills WHERE at < ?');
  const dropReads = db.prepare('DELETE FROM usage_bill_reads WHERE until <= ?');
  const moveSince = db.prepare('UPDATE usage_bill_reads SET since = max(since, ?)');

  function write({ remoteEndpoint, endpoint, from, until, hours }: BillRead): void {
    clear.run(remoteEndpoint, from, until);
    for (const { at, micros } of hours) add.run(remoteEndpoint, at, micros);
    note.run(remoteEndpoint, endpoint, from, until);
  }

  return {
    /** Which part of its bill is known. */
    known(remoteEndpoint: string): { readonly since: number; readonly until: number } | undefined {
      const row = read.get(remoteEndpoint);
      return row && { since: Number(row.since), until: Number(row.until) };
    },
    /** In place of what was known of these hours. */
    replace: (bill: BillRead): Promise<void> => inTurn(() => inTransaction(db, () => write(bill))),
    /** Whole days, since those of attempts go as well. */
    dropBefore: (at: number): Promise<void> =>
      inTurn(() => {
        const day = Math.ceil(at / DAY_MS) * DAY_MS;
        dropBills.run(day);
        dropReads.run(day);
        moveSince.run(day);
      }),
  };
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
