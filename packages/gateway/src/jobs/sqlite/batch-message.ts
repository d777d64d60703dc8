import { type SqlValue, WRITE_NAMES, type Write, type WriteOperation } from './writes.ts';

/**
 * A batch on its way to the thread that writes it, as one flat list: copying many small lists and names to another
 * thread costs more than all that is in them. Per operation: job id or null; number of statements, and of each its
 * number, how many values, and those; number of counted endpoints, and of each how many values, and those.
 */
export type BatchMessage = readonly SqlValue[];

export function packBatch(batch: readonly WriteOperation[]): BatchMessage {
  const message: SqlValue[] = [];
  for (const { jobId = null, writes, counts } of batch) {
    message.push(jobId, writes.length);
    for (const write of writes) {
      message.push(NUMBERS[write[0]] ?? -1);
      pushList(message, write, 1);
    }
    message.push(counts.length);
    for (const one of counts) pushList(message, one, 0);
  }
  return message;
}

/** A loop, since spreading makes a list of each list. */
function pushList(message: SqlValue[], values: readonly SqlValue[], from: number): void {
  message.push(values.length - from);
  for (let at = from; at < values.length; at += 1) message.push(values[at] ?? null);
}

export function unpackBatch(message: BatchMessage): WriteOperation[] {
  const batch: WriteOperation[] = [];
  let at = 0;
  const next = () => message[at++];
  const list = () => {
    const length = Number(next());
    at += length;
    return message.slice(at - length, at);
  };
  const times = <T>(read: () => T): T[] => Array.from({ length: Number(next()) }, read);
  while (at < message.length) {
    const jobId = next();
    const writes = times((): Write => {
      const name = WRITE_NAMES[Number(next())];
      if (name === undefined) throw new Error('the batch names a statement that does not exist');
      return [name, ...list()];
    });
    const counts = times(() => list() as [string, ...number[]]);
    batch.push({ jobId: typeof jobId === 'string' ? jobId : undefined, writes, counts });
  }
  return batch;
}

const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  WRITE_NAMES.map((name, index) => [name, index]),
);
