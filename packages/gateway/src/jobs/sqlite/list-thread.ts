// The thread behind `list-reader.ts`: answers list queries on a read-only connection of its own.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { JobFilter } from '../job-store.ts';
import { createListQuery } from './list-query.ts';

const db = new DatabaseSync((workerData as { path: string }).path, { readOnly: true });
db.exec('PRAGMA busy_timeout = 5000');
const query = createListQuery(db);

parentPort?.on('message', ({ id, filter }: { id: number; filter: JobFilter }) => {
  try {
    parentPort?.postMessage({ id, rows: query(filter) });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
