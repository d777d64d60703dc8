import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import type { JobStore } from '../src/jobs/job-store.ts';
import { createSqliteJobStore } from '../src/jobs/sqlite/sqlite-job-store.ts';
import { createThreadWriter } from '../src/jobs/sqlite/writer.ts';
import { jobStoreContract } from './job-store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const file = () => join(folder, `${count}.db`);
const openInline = () => createSqliteJobStore(openDatabase(file()));
const openWithThread = () => createSqliteJobStore(openDatabase(file()), createThreadWriter(file()));
const fresh = (open: () => JobStore) => () => {
  count += 1;
  return open();
};

jobStoreContract('SQLite', fresh(openInline), openInline);
jobStoreContract('SQLite, written by a thread', fresh(openWithThread), openWithThread);
