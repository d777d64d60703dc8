import type { ValueRows } from '../large-values/large-values.ts';
import { parseReference } from '../large-values/value-reference.ts';
import type { CommitGroup } from './commit-group.ts';
import type { Draft } from './draft.ts';
import type { Reads } from './reads.ts';

/** Rows of large values, and who has them: written in the transaction that writes the reference. */
export function createValueRows(sql: Reads, group: Pick<CommitGroup, 'run'>): ValueRows {
  return {
    announce: (key, sizeBytes, now) =>
      group.run(({ writes }) => void writes.push(['putValue', key, sizeBytes, now])),
    loose: (before, limit) => sql.looseValues.all(before, limit).map(({ key }) => String(key)),
    forget: (key) => group.run(({ writes }) => void writes.push(['forgetValue', key])),
  };
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
