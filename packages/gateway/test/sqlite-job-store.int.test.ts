import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import { createSqliteJobStore } from '../src/jobs/sqlite/sqlite-job-store.ts';
import { jobStoreContract } from './job-store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const file = () => join(folder, `${count}.db`);

jobStoreContract(
  'SQLite',
  () => {
    count += 1;
    return createSqliteJobStore(openDatabase(file()));
  },
  () => createSqliteJobStore(openDatabase(file())),
);
