import type { DatabaseSync } from 'node:sqlite';
import { type BatchMessage, readBatch, unpackBatch } from './batch-message.ts';
import { type Added, COUNT_COLUMNS } from './counters.ts';
import { type SqlValue, WRITE_NAMES, WRITE_STATEMENTS, type WriteOperation } from './writes.ts';

/** Why an operation was not written. Plain, since it may come out of another thread. */
export interface WriteFailure {
  /** Place of the operation in its batch. */
  readonly index: number;
  readonly message: string;
  readonly code?: string;
  readonly errcode?: number;
}

/** Writes a batch in one transaction, and so with one sync of the disk. Gives the operations that failed. */
export type WriteBatch = (batch: BatchMessage) => readonly WriteFailure[];

/**
 * Straight through, since hardly any operation ever fails. Where one did, the batch is rolled back and written again
 * with a savepoint for each, so that one that fails takes no other along.
 */
export function createBatchWriter(db: DatabaseSync): WriteBatch {
  const statements = WRITE_NAMES.map((name) => db.prepare(WRITE_STATEMENTS[name]));
  const run = (number: number, values: readonly SqlValue[]) => {
    const statement = statements[number];
    if (!statement) throw new Error('the batch names a statement that does not exist');
    statement.run(...values);
  };
  const counting = prepareCounts(db);
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
        for (const [name, ...values] of writes) run(WRITE_NAMES.indexOf(name), values);
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
    for (const { counts } of written)
      for (const [endpoint, added] of counts) counting.add(endpoint, added, 1);
    counting.write();
  }

  function writeAgain(batch: readonly WriteOperation[]): readonly WriteFailure[] {
    const failures: WriteFailure[] = [];
    try {
      inTransaction(() => writeApart(batch, failures));
      return failures;
    } catch (error) {
      counting.forget();
      return batch.map((_operation, index) => failureOf(index, error));
    }
  }

  return (message) => {
    try {
      inTransaction(() => {
        readBatch(message, run, counting.add);
        counting.write();
      });
      return [];
    } catch (error) {
      counting.forget();
      const batch = unpackBatch(message);
      return batch.length === 1 ? [failureOf(0, error)] : writeAgain(batch);
    }
  };
}

/** Sums what a batch adds: one statement an endpoint, whatever the number of operations. */
function prepareCounts(db: DatabaseSync) {
  const names = COUNT_COLUMNS.map(([, column]) => column);
  const statement = db.prepare(
    `INSERT INTO counters (endpoint, ${names.join(', ')}) VALUES (?, ${names.map(() => '?').join(', ')})
     ON CONFLICT (endpoint) DO UPDATE SET ${names.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`,
  );
  const sums = new Map<string, number[]>();
  return {
    add(endpoint: string, added: Added, times: number): void {
      const sum = sums.get(endpoint) ?? names.map(() => 0);
      for (const [index, one] of added.entries()) sum[index] = (sum[index] ?? 0) + one * times;
      sums.set(endpoint, sum);
    },
    /** Writes the sums and begins anew. */
    write(): void {
      for (const [endpoint, sum] of sums)
        if (sum.some((value) => value !== 0)) statement.run(endpoint, ...sum);
      sums.clear();
    },
    forget: () => sums.clear(),
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
