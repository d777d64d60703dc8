import type { DatabaseSync } from 'node:sqlite';
import type { JobStore } from '../job-store.ts';
import type { ValueRows } from '../large-values/large-values.ts';
import type { AttemptMeter } from '../usage-row.ts';
import { type CommitGroup, createCommitGroup } from './commit-group.ts';
import { createCounters } from './counters.ts';
import { createHotJobs } from './hot-jobs.ts';
import { createJobReads } from './job-reads.ts';
import { createJobWrites } from './job-writes.ts';
import { createListReader, type ListReader } from './list-reader.ts';
import { prepareReads } from './reads.ts';
import { createReadyLines, type LineLimits } from './ready-lines.ts';
import type { StoreParts } from './store-parts.ts';
import { createFoldUsage } from './usage-writes.ts';
import { createValueRows } from './value-rows.ts';
import { createInlineWriter, type Writer } from './writer.ts';

/** The store, and turns at its file for others who keep something there. */
export type SqliteJobStore = JobStore &
  Pick<CommitGroup, 'exclusive'> & {
    /** Reads that may take long, off this thread where the database is a file. */
    readonly readAside: ListReader['query'];
    readonly values: ValueRows;
  };

export interface StoreOptions {
  readonly lineLimits?: LineLimits;
  /** What attempts cost (default: nothing). */
  readonly meter?: AttemptMeter | undefined;
}

/**
 * Jobs in one SQLite file. What changes is decided here, from the file and from what is kept of running jobs, and
 * written by the writer in batches. Reads see only what is on disk.
 */
export function createSqliteJobStore(
  db: DatabaseSync,
  writer: Writer = createInlineWriter(db),
  { lineLimits, meter }: StoreOptions = {},
): SqliteJobStore {
  const sql = prepareReads(db);
  const counters = createCounters(db);
  counters.load();
  const jobs = createHotJobs();
  const ready = createReadyLines(sql, lineLimits);
  const nextChunks = new Map<number, number>();
  let seq = Number(sql.lastSeq.get()?.seq ?? 0);
  const parts: StoreParts = {
    sql,
    counters,
    jobs,
    ready,
    nextChunks,
    foldUsage: createFoldUsage(db, meter),
    meter,
    nextSeq() {
      seq += 1;
      return seq;
    },
  };
  const group = createCommitGroup(writer, {
    keep: jobs.keep,
    afterFailure() {
      nextChunks.clear();
      counters.load();
      ready.forget();
    },
  });
  const lists = createListReader(db);
  return {
    ...createJobReads(parts, lists, group),
    ...createJobWrites(parts, group),
    exclusive: group.exclusive,
    readAside: lists.query,
    values: createValueRows(sql, group),
    async close() {
      await group.close();
      lists.close();
      db.close();
    },
  };
}
