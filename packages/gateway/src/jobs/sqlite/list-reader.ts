import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../lib/sibling-module.ts';
import type { JobFilter } from '../job-store.ts';
import type { JobRow } from './job-row.ts';
import { createListQuery } from './list-query.ts';

/** Answers lists and searches without holding up submits and takes. */
export interface ListReader {
  list(filter: JobFilter): Promise<readonly JobRow[]>;
  close(): void;
}

interface Reply {
  readonly id: number;
  readonly rows?: readonly JobRow[];
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (rows: readonly JobRow[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A list may walk over a million rows, so it runs in a thread with a connection of its own; the thread starts with the
 * first list. A database in memory has no second connection and is read in place.
 */
export function createListReader(db: DatabaseSync): ListReader {
  const path = db.location();
  if (path === null) {
    const query = createListQuery(db);
    return { list: async (filter) => query(filter), close: () => {} };
  }
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let lastId = 0;

  function failAll(reason: string): void {
    thread = undefined;
    for (const { reject } of waiting.values()) reject(new Error(`the list could not be read: ${reason}`));
    waiting.clear();
  }

  function start(): Worker {
    const started = new Worker(siblingModule(import.meta.url, 'list-thread'), { workerData: { path } });
    started.unref();
    started.on('message', ({ id, rows = [], error }: Reply) => {
      const caller = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) caller?.resolve(rows);
      else caller?.reject(new Error(error));
    });
    started.on('error', (error) => failAll(error instanceof Error ? error.message : String(error)));
    started.on('exit', () => failAll('its thread has ended'));
    return started;
  }

  return {
    list: (filter) =>
      new Promise((resolve, reject) => {
        thread ??= start();
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        thread.postMessage({ id: lastId, filter });
      }),
    close: () => void thread?.terminate(),
  };
}
