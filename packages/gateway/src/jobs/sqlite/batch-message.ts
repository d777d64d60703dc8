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

/** A number of `WRITE_NAMES`, and the values of that statement. */
type OnWrite = (number: number, values: readonly SqlValue[]) => void;
/** The same change of an endpoint's counters, as often as it occurs. */
type OnCount = (endpoint: string, added: Added, times: number) => void;

/** All that a batch writes, in its order and whatever operation it is of: then nothing is made but the values. */
export function readBatch(message: BatchMessage, onWrite: OnWrite, onCount: OnCount): void {
  const { kinds, end } = readKinds(message);
  const times = kinds.map(() => 0);
  for (let at = end; at < message.length; ) {
    let writes = Number(message[at + 1]);
    for (at += 2; writes > 0; writes -= 1) {
      const from = at + 2;
      const number = Number(message[at]);
      at = from + Number(message[at + 1]);
      onWrite(number, message.slice(from, at));
    }
    const counts = Number(message[at]);
    for (let left = counts; left > 0; left -= 1) {
      const kind = Number(message[at + left]);
      times[kind] = (times[kind] ?? 0) + 1;
    }
    at += 1 + counts;
  }
  for (const [index, [endpoint, added]] of kinds.entries()) onCount(endpoint, added, times[index] ?? 0);
}

function readKinds(message: BatchMessage): { kinds: Counted[]; end: number } {
  const kinds: Counted[] = [];
  let end = 1;
  for (let left = Number(message[0]); left > 0; left -= 1) {
    const from = end + 2;
    const to = from + Number(message[end + 1]);
    kinds.push([String(message[end]), message.slice(from, to) as number[]]);
    end = to;
  }
  return { kinds, end };
}

/** Operation by operation, for a batch of which something could not be written. */
export function unpackBatch(message: BatchMessage): WriteOperation[] {
  const batch: WriteOperation[] = [];
  const { kinds, end } = readKinds(message);
  let at = end;
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
    const counts = times(() => kinds[Number(next())]).filter((kind) => kind !== undefined);
    batch.push({ jobId: typeof jobId === 'string' ? jobId : undefined, writes, counts });
  }
  return batch;
}

const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  WRITE_NAMES.map((name, index) => [name, index]),
);
