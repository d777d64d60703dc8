// The thread behind `list-reader.ts`: answers list queries on a read-only connection of its own.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createListQuery } from './list-query.ts';
import type { Question } from './list-reader.ts';

const db = new DatabaseSync((workerData as { path: string }).path, { readOnly: true });
db.exec('PRAGMA busy_timeout = 5000');
const query = createListQuery(db);

parentPort?.on('message', ({ id, ...question }: { id: number } & Question) => {
  try {
    const rows =
      'filter' in question ? query(question.filter) : db.prepare(question.text).all(...question.values);
    parentPort?.postMessage({ id, rows });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
