import type { DatabaseSync } from 'node:sqlite';
import type { Job } from '../job.ts';

interface Counts {
  inQueue: number;
  ready: number;
  lowPriorityReady: number;
  inProgress: number;
  completed: number;
  failed: number;
  retried: number;
}

/**
 * Counters per endpoint, kept in memory and, for the totals that outlive their jobs, written once a commit group. Only
 * to be changed as the last step of an operation that succeeded.
 */
export function createCounters(db: DatabaseSync) {
  const counts = new Map<string, Counts>();
  const changed = new Set<string>();
  const save = db.prepare(
    `INSERT INTO counters (endpoint, completed, failed, retried) VALUES (?, ?, ?, ?)
     ON CONFLICT (endpoint) DO UPDATE SET completed = excluded.completed, failed = excluded.failed, retried = excluded.retried`,
  );

  function of(endpoint: string): Counts {
    let found = counts.get(endpoint);
    if (!found) {
      found = {
        inQueue: 0,
        ready: 0,
        lowPriorityReady: 0,
        inProgress: 0,
        completed: 0,
        failed: 0,
        retried: 0,
      };
      counts.set(endpoint, found);
    }
    return found;
  }

  /** Reads everything anew: at the start, and after a group that was rolled back. */
  function load(): void {
    counts.clear();
    changed.clear();
    readTotals(db, of);
    readActive(db, (endpoint, row) => {
      const one = of(endpoint);
      if (row.status === 'IN_PROGRESS') one.inProgress += row.n;
      else one.inQueue += row.n;
      if (row.status === 'IN_QUEUE' && row.isReady) ready(one, row.isLowPriority, row.n);
    });
  }

  function ready(one: Counts, isLowPriority: boolean, by: number): void {
    one.ready += by;
    if (isLowPriority) one.lowPriorityReady += by;
  }

  function count(job: Job, isReady: boolean, by: 1 | -1): void {
    const one = of(job.endpoint);
    if (job.status === 'IN_PROGRESS') one.inProgress += by;
    if (job.status !== 'IN_QUEUE') return;
    one.inQueue += by;
    if (isReady) ready(one, job.isLowPriority, by);
  }

  return {
    load,
    of,
    /** `before` undefined: a new job. `wasReady`, `isReady`: not held back by a delay. */
    moved(
      before: Job | undefined,
      after: Job,
      { wasReady, isReady }: { wasReady: boolean; isReady: boolean },
    ): void {
      if (before?.status === after.status) return;
      if (before) count(before, wasReady, -1);
      count(after, isReady, 1);
      const one = of(after.endpoint);
      if (after.status === 'COMPLETED') one.completed += 1;
      else if (after.status === 'FAILED' || after.status === 'TIMED_OUT') one.failed += 1;
      else if (before && after.status === 'IN_QUEUE') one.retried += 1;
      else return;
      changed.add(after.endpoint);
    },
    /** A delayed job became ready. */
    woke: (endpoint: string, isLowPriority: boolean) => ready(of(endpoint), isLowPriority, 1),
    save(): void {
      for (const endpoint of changed) {
        const one = of(endpoint);
        save.run(endpoint, one.completed, one.failed, one.retried);
      }
      changed.clear();
    },
  };
}

function readTotals(db: DatabaseSync, of: (endpoint: string) => Counts): void {
  for (const row of db.prepare('SELECT * FROM counters').iterate()) {
    const one = of(String(row.endpoint));
    one.completed = Number(row.completed);
    one.failed = Number(row.failed);
    one.retried = Number(row.retried);
  }
}

interface ActiveJobs {
  readonly status: string;
  readonly isReady: boolean;
  readonly isLowPriority: boolean;
  readonly n: number;
}

function readActive(db: DatabaseSync, add: (endpoint: string, jobs: ActiveJobs) => void): void {
  const active = db.prepare(
    `SELECT endpoint, status, ready, is_low_priority AS low, count(*) AS n FROM jobs WHERE due_at IS NOT NULL
     GROUP BY 1, 2, 3, 4`,
  );
  for (const row of active.iterate()) {
    const jobs = { isReady: row.ready === 1, isLowPriority: row.low === 1, n: Number(row.n) };
    add(String(row.endpoint), { ...jobs, status: String(row.status) });
  }
}
