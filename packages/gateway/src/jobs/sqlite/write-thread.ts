// The thread behind `createThreadWriter`: writes each batch that comes, on a connection of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../../db/open.ts';
import { type BatchMessage, unpackBatch } from './batch-message.ts';
import { createBatchWriter } from './batch-writer.ts';

const db = connect((workerData as { path: string }).path);
const write = createBatchWriter(db);
/** What comes until then rests on something that was not written. */
let isHalted = false;

parentPort?.on('message', (message: BatchMessage | 'go on' | 'close') => {
  if (message === 'close') {
    db.close();
    parentPort?.close();
  } else if (message === 'go on') isHalted = false;
  else if (!isHalted) {
    const failures = write(unpackBatch(message));
    isHalted = failures.length > 0;
    parentPort?.postMessage(failures);
  }
});
