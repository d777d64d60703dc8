import type { DatabaseSync } from 'node:sqlite';
import type { ValueRows } from '../large-values/large-values.ts';
import { parseReference } from '../large-values/value-reference.ts';
import type { CommitGroup } from './commit-group.ts';
import type { Draft } from './draft.ts';
import type { Reads } from './reads.ts';

/** Rows of large values, and who has them: written in the transaction that writes the reference. */
export function createValueRows(sql: Reads, group: Pick<CommitGroup, 'run'>): ValueRows {
  return {
    announce: (key, { owner, sizeBytes }, now) =>
      group.run(({ writes }) => void writes.push(['putValue', key, sizeBytes, owner, now])),
    loose: (before, limit) =>
      sql.looseValues.all(before, limit).map(({ key, size_bytes: sizeBytes, owner }) => ({
        ...{ key: String(key), sizeBytes: Number(sizeBytes), owner: String(owner) },
      })),
    forget: (key) => group.run(({ writes }) => void writes.push(['forgetValue', key])),
  };
}

/** What large values take up, by owner. */
export function readValueUsage(db: DatabaseSync): { owner: string; valueBytes: number; values: number }[] {
  const sql = 'SELECT owner, sum(size_bytes) AS bytes, count(*) AS count FROM large_values GROUP BY owner';
  return db
    .prepare(sql)
    .all()
    .map(({ owner, bytes, count }) => ({
      ...{ owner: String(owner), valueBytes: Number(bytes), values: Number(count) },
    }));
}

/** From now on the text is the job's. */
export function giveValue({ writes }: Pick<Draft, 'writes'>, seq: number, text: string): void {
  const value = parseReference(text);
  if (value) writes.push(['giveValue', seq, value.key]);
}

/** The job has no use for it any more. */
export function freeValue({ writes }: Pick<Draft, 'writes'>, text: string): void {
  const value = parseReference(text);
  if (value) writes.push(['freeValue', value.key]);
}
