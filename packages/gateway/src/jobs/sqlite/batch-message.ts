import type { Added } from './counters.ts';
import { type SqlValue, WRITE_NAMES, type Write, type WriteOperation } from './writes.ts';

/**
 * A batch on its way to the thread that writes it, as one flat list: copying many small lists and names to another
 * thread costs more than all that is in them. First the kinds of counts, of which a batch has few: how many, and of each
 * its endpoint, how many values, and those. Then per operation: job id or null; number of statements, and of each its
 * number, how many values, and those; number of counts, and the kind of each.
 */
export type BatchMessage = readonly SqlValue[];

type Counted = readonly [endpoint: string, added: Added];

export function packBatch(batch: readonly WriteOperation[]): BatchMessage {
  const message: SqlValue[] = [];
  const kinds: Counted[] = [];
  for (const { counts } of batch) for (const one of counts) if (kindOf(kinds, one) < 0) kinds.push(one);
  message.push(kinds.length);
  for (const [endpoint, added] of kinds) {
    message.push(endpoint);
    pushList(message, added, 0);
  }
  for (const { jobId = null, writes, counts } of batch) {
    message.push(jobId, writes.length);
    for (const write of writes) {
      message.push(NUMBERS[write[0]] ?? -1);
      pushList(message, write, 1);
    }
    message.push(counts.length);
    for (const one of counts) message.push(kindOf(kinds, one));
  }
  return message;
}

function kindOf(kinds: readonly Counted[], [endpoint, added]: Counted): number {
  // From the back: what came last comes again.
  for (let at = kinds.length - 1; at >= 0; at -= 1) {
    const kind = kinds[at];
    if (kind?.[1] === added && kind[0] === endpoint) return at;
  }
  return -1;
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
  const kinds = times((): Counted => [String(next()), list() as number[]]);
  while (at < message.length) {
    const jobId = next();
    const writes = times((): Write => {
      const name = WRITE_NAMES[Number(next())];
      if (name === undefined) throw new Error('the batch names a statement that does not exist');
      return [name, ...list()];
    });
    const counts = times(() => kinds[Number(next())]).filter((kind) => kind !== undefined);
    batch.push({ jobId: typeof jobId === 'string' ? jobId : undefined, writes, counts });
  }
  return batch;
}

const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  WRITE_NAMES.map((name, index) => [name, index]),
);
