import type { DatabaseSync } from 'node:sqlite';
import type { JobStore } from '../job-store.ts';
import { createCommitGroup } from './commit-group.ts';
import { createCounters } from './counters.ts';
import { createJobReads } from './job-reads.ts';
import { createJobWrites } from './job-writes.ts';
import { createListReader } from './list-reader.ts';
import { prepareStatements } from './statements.ts';

/**
 * Jobs in one SQLite file. Writes go through the commit group; reads are on the same connection and therefore see only
 * what is committed, since a group runs without a pause.
 */
export function createSqliteJobStore(db: DatabaseSync): JobStore {
  const statements = prepareStatements(db);
  const counters = createCounters(db);
  counters.load();
  const group = createCommitGroup(db, { beforeCommit: counters.save, afterRollback: counters.load });
  const lists = createListReader(db);
  return {
    ...createJobReads(statements, counters, lists),
    ...createJobWrites(statements, counters, group),
    close: () => {
      group.flush();
      lists.close();
      db.close();
    },
  };
}
