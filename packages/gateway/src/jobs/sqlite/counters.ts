import type { DatabaseSync } from 'node:sqlite';
import { JOB_STATUSES } from '@spillway/protocol';
import type { Job } from '../job.ts';

export interface Counts {
  inQueue: number;
  ready: number;
  lowPriorityReady: number;
  inProgress: number;
  completed: number;
  failed: number;
  retried: number;
}

export const COUNT_COLUMNS: readonly (readonly [key: keyof Counts, column: string])[] = [
  ['inQueue', 'in_queue'],
  ['ready', 'ready'],
  ['lowPriorityReady', 'low_priority_ready'],
  ['inProgress', 'in_progress'],
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['retried', 'retried'],
];

/** What a move adds to each of `COUNT_COLUMNS`. One list for all moves of a kind, so that it tells the kind, too. */
export type Added = readonly number[];

const noCounts = (): Counts => ({
  inQueue: 0,
  ready: 0,
  lowPriorityReady: 0,
  inProgress: 0,
  completed: 0,
  failed: 0,
  retried: 0,
});

/**
 * Counters per endpoint, kept in memory and written as differences with what changed them, so that neither a look nor a
 * start counts jobs.
 */
export function createCounters(db: DatabaseSync) {
  const counts = new Map<string, Counts>();
  const all = db.prepare('SELECT * FROM counters');

  function of(endpoint: string): Counts {
    const found = counts.get(endpoint);
    if (found) return found;
    const created = noCounts();
    counts.set(endpoint, created);
    return created;
  }

  return {
    of,
    /** Reads everything anew: at the start, and after a write that failed. */
    load(): void {
      counts.clear();
      for (const row of all.iterate()) {
        const one = of(String(row.endpoint));
        for (const [key, column] of COUNT_COLUMNS) one[key] = Number(row[column]);
      }
    },
    /** Each by its name, in the order of `COUNT_COLUMNS`: a loop over the names costs more than the move itself. */
    add(endpoint: string, added: Added): void {
      const one = of(endpoint);
      one.inQueue += added[0] ?? 0;
      one.ready += added[1] ?? 0;
      one.lowPriorityReady += added[2] ?? 0;
      one.inProgress += added[3] ?? 0;
      one.completed += added[4] ?? 0;
      one.failed += added[5] ?? 0;
      one.retried += added[6] ?? 0;
    },
  };
}

/** A job's share of the counters that tell of now. */
function addShare(to: Counts, job: Job, isReady: boolean, by: 1 | -1): void {
  if (job.status === 'IN_PROGRESS') to.inProgress += by;
  if (job.status !== 'IN_QUEUE') return;
  to.inQueue += by;
  if (!isReady) return;
  to.ready += by;
  if (job.isLowPriority) to.lowPriorityReady += by;
}

const moves = new Map<number, Added>();

/** What a move adds. `before` undefined: a new job. `wasReady`, `isReady`: not held back by a delay. */
export function countsOfMove(
  before: Job | undefined,
  after: Job,
  wasReady: boolean,
  isReady: boolean,
): Added | undefined {
  if (before?.status === after.status && wasReady === isReady) return undefined;
  const flags = (wasReady ? 1 : 0) + (isReady ? 2 : 0) + (after.isLowPriority ? 4 : 0);
  const kind = (numberOf(before) * 8 + numberOf(after)) * 8 + flags;
  const known = moves.get(kind);
  if (known) return known;
  const added = COUNT_COLUMNS.map(([key]) => count(before, after, { wasReady, isReady })[key]);
  moves.set(kind, added);
  return added;
}

const numberOf = (job: Job | undefined): number => (job ? JOB_STATUSES.indexOf(job.status) + 1 : 0);

function count(
  before: Job | undefined,
  after: Job,
  { wasReady, isReady }: { wasReady: boolean; isReady: boolean },
): Counts {
  const added = noCounts();
  if (before) addShare(added, before, wasReady, -1);
  addShare(added, after, isReady, 1);
  if (before?.status === after.status) return added;
  if (after.status === 'COMPLETED') added.completed = 1;
  else if (after.status === 'FAILED' || after.status === 'TIMED_OUT') added.failed = 1;
  else if (before && after.status === 'IN_QUEUE') added.retried = 1;
  return added;
}
