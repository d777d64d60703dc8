import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { COUNT_COLUMNS } from './counters.ts';
import { WRITE_STATEMENTS, type Write, type WriteName, type WriteOperation } from './writes.ts';

/** Why an operation was not written. Plain, since it may come out of another thread. */
export interface WriteFailure {
  /** Place of the operation in its batch. */
  readonly index: number;
  readonly message: string;
  readonly code?: string;
  readonly errcode?: number;
}

/** Writes a batch in one transaction, and so with one sync of the disk. Gives the operations that failed. */
export type WriteBatch = (batch: readonly WriteOperation[]) => readonly WriteFailure[];

/**
 * Straight through, since hardly any operation ever fails. Where one did, the batch is rolled back and written again
 * with a savepoint for each, so that one that fails takes no other along.
 */
export function createBatchWriter(db: DatabaseSync): WriteBatch {
  const run = prepareWrites(db);
  const addCounts = prepareCounts(db);
  const transaction = {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    savepoint: db.prepare('SAVEPOINT operation'),
    release: db.prepare('RELEASE operation'),
    undo: db.prepare('ROLLBACK TO operation'),
  };

  function inTransaction(work: () => void): void {
    try {
      transaction.begin.run();
      work();
      transaction.commit.run();
    } catch (error) {
      // A full disk ends the transaction itself.
      if (db.isTransaction) transaction.rollback.run();
      throw error;
    }
  }

  function writeApart(batch: readonly WriteOperation[], failures: WriteFailure[]): void {
    const failedJobs = new Set<string>();
    const written: WriteOperation[] = [];
    for (const [index, operation] of batch.entries()) {
      const { jobId, writes } = operation;
      transaction.savepoint.run();
      try {
        if (jobId !== undefined && failedJobs.has(jobId)) throw new Error('the change before it failed');
        for (const write of writes) run(write);
        transaction.release.run();
        written.push(operation);
      } catch (error) {
        // Then the whole batch fails.
        if (!db.isTransaction) throw error;
        transaction.undo.run();
        transaction.release.run();
        failures.push(failureOf(index, error));
        if (jobId !== undefined) failedJobs.add(jobId);
      }
    }
    addCounts(written);
  }

  return (batch) => {
    try {
      inTransaction(() => {
        for (const { writes } of batch) for (const write of writes) run(write);
        addCounts(batch);
      });
      return [];
    } catch (error) {
      if (batch.length === 1) return [failureOf(0, error)];
    }
    const failures: WriteFailure[] = [];
    try {
      inTransaction(() => writeApart(batch, failures));
      return failures;
    } catch (error) {
      return batch.map((_operation, index) => failureOf(index, error));
    }
  };
}

function prepareWrites(db: DatabaseSync): (write: Write) => void {
  const statements = new Map<WriteName, StatementSync>();
  for (const [name, text] of Object.entries(WRITE_STATEMENTS))
    statements.set(name as WriteName, db.prepare(text));
  return ([name, ...values]) => void statements.get(name)?.run(...values);
}

/** One statement an endpoint, whatever the number of operations. */
function prepareCounts(db: DatabaseSync): (batch: readonly WriteOperation[]) => void {
  const names = COUNT_COLUMNS.map(([, column]) => column);
  const statement = db.prepare(
    `INSERT INTO counters (endpoint, ${names.join(', ')}) VALUES (?, ${names.map(() => '?').join(', ')})
     ON CONFLICT (endpoint) DO UPDATE SET ${names.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  );
  return (batch) => {
    const sums = new Map<string, number[]>();
    for (const { counts } of batch) {
      for (const [endpoint, added] of counts) {
        const sum = sums.get(endpoint);
        if (sum) for (const [index, one] of added.entries()) sum[index] = (sum[index] ?? 0) + one;
        else sums.set(endpoint, [...added]);
      }
    }
    for (const [endpoint, sum] of sums) if (sum.some((value) => value !== 0)) statement.run(endpoint, ...sum);
  };
}

function failureOf(index: number, error: unknown): WriteFailure {
  const { message, code, errcode } = error as Error & { code?: string; errcode?: number };
  return {
    index,
    message,
    ...(code === undefined ? {} : { code }),
    ...(errcode === undefined ? {} : { errcode }),
  };
}
