import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../lib/sibling-module.ts';
import { packBatch } from './batch-message.ts';
import { createBatchWriter, type WriteFailure } from './batch-writer.ts';
import type { WriteOperation } from './writes.ts';

type OnDone = (failures: readonly WriteFailure[]) => void;

/** Puts batches on disk, one after the other. */
export interface Writer {
  /**
   * `onDone` is told which operations failed, when the others are on disk. After a failure the batches that were given
   * by then are dropped without a word, since they were decided on top of it; `goOn` ends that.
   */
  write(batch: readonly WriteOperation[], onDone: OnDone): void;
  goOn(): void;
  close(): Promise<void>;
}

/** Writes on the caller's connection, at once: for databases in memory, and for tests that drive time by hand. */
export function createInlineWriter(db: DatabaseSync): Writer {
  const write = createBatchWriter(db);
  return { write: (batch, onDone) => onDone(write(batch)), goOn: () => {}, close: async () => {} };
}

/**
 * Writes in a thread with a connection of its own, so that requests are read and answered while the disk syncs. A
 * thread that dies fails its batch; the next batch starts another.
 */
export function createThreadWriter(path: string): Writer {
  let thread: Worker | undefined;
  let waiting: { readonly size: number; readonly onDone: OnDone }[] = [];

  function fail(reason: string): void {
    thread = undefined;
    const [first] = waiting;
    waiting = [];
    const message = `the thread that writes jobs ended: ${reason}`;
    const code = 'ERR_SQLITE_ERROR';
    first?.onDone(Array.from({ length: first.size }, (_, index) => ({ index, message, code })));
  }

  function start(): Worker {
    const started = new Worker(siblingModule(import.meta.url, 'write-thread'), { workerData: { path } });
    started.on('message', (failures: readonly WriteFailure[]) => waiting.shift()?.onDone(failures));
    started.on(
      'error',
      (error) => thread === started && fail(error instanceof Error ? error.message : String(error)),
    );
    started.on('exit', () => thread === started && fail('it stopped'));
    return started;
  }

  return {
    write(batch, onDone) {
      waiting.push({ size: batch.length, onDone });
      thread ??= start();
      thread.postMessage(packBatch(batch));
    },
    goOn() {
      waiting = [];
      thread?.postMessage('go on');
    },
    async close() {
      const ended = thread;
      thread = undefined;
      if (!ended) return;
      const exit = new Promise((resolve) => ended.once('exit', resolve));
      // It closes its connection itself: a thread that is cut off would leave the file's log to the next start.
      ended.postMessage('close');
      await exit;
    },
  };
}
