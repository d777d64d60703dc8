import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../lib/sibling-module.ts';
import type { JobFilter } from '../job-store.ts';
import type { JobRow } from './job-row.ts';
import { createListQuery } from './list-query.ts';
import type { SqlValue } from './writes.ts';

/** Answers lists and searches without holding up submits and takes. */
export interface ListReader {
  list(filter: JobFilter): Promise<readonly JobRow[]>;
  /** Rows of a statement of somebody else's that changes nothing. */
  query(text: string, values: readonly SqlValue[]): Promise<readonly AsideRow[]>;
  close(): void;
}

export type AsideRow = Readonly<Record<string, SqlValue>>;

/** What its thread is asked. */
export type Question =
  | { readonly filter: JobFilter }
  | { readonly text: string; readonly values: readonly SqlValue[] };

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
    return {
      list: async (filter) => query(filter),
      query: async (text, values) => db.prepare(text).all(...values) as AsideRow[],
      close: () => {},
    };
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

  const ask = (question: Question): Promise<readonly JobRow[]> =>
    new Promise((resolve, reject) => {
      thread ??= start();
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      thread.postMessage({ id: lastId, ...question });
    });

  return {
    list: (filter) => ask({ filter }),
    query: (text, values) => ask({ text, values }),
    close: () => void thread?.terminate(),
  };
}
