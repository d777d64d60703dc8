import type { DatabaseSync } from 'node:sqlite';
import type { Job } from '../job.ts';

interface Counts {
  inQueue: number;
  lowPriorityInQueue: number;
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
      found = { inQueue: 0, lowPriorityInQueue: 0, inProgress: 0, completed: 0, failed: 0, retried: 0 };
      counts.set(endpoint, found);
    }
    return found;
  }

  /** Reads everything anew: at the start, and after a group that was rolled back. */
  function load(): void {
    counts.clear();
    changed.clear();
    for (const row of db.prepare('SELECT * FROM counters').iterate()) {
      const one = of(String(row.endpoint));
      one.completed = Number(row.completed);
      one.failed = Number(row.failed);
      one.retried = Number(row.retried);
    }
    const active = db.prepare(
      `SELECT endpoint, status, is_low_priority AS low, count(*) AS n FROM jobs WHERE due_at IS NOT NULL GROUP BY 1, 2, 3`,
    );
    for (const row of active.iterate()) {
      const one = of(String(row.endpoint));
      const n = Number(row.n);
      if (row.status === 'IN_PROGRESS') one.inProgress += n;
      else one.inQueue += n;
      if (row.status === 'IN_QUEUE' && row.low === 1) one.lowPriorityInQueue += n;
    }
  }

  function count(job: Job, by: 1 | -1): void {
    const one = of(job.endpoint);
    if (job.status === 'IN_QUEUE') {
      one.inQueue += by;
      if (job.isLowPriority) one.lowPriorityInQueue += by;
    } else if (job.status === 'IN_PROGRESS') one.inProgress += by;
  }

  return {
    load,
    of,
    /** `before` undefined: a new job. */
    moved(before: Job | undefined, after: Job): void {
      if (before?.status === after.status) return;
      if (before) count(before, -1);
      count(after, 1);
      const one = of(after.endpoint);
      if (after.status === 'COMPLETED') one.completed += 1;
      else if (after.status === 'FAILED' || after.status === 'TIMED_OUT') one.failed += 1;
      else if (before && after.status === 'IN_QUEUE') one.retried += 1;
      else return;
      changed.add(after.endpoint);
    },
    save(): void {
      for (const endpoint of changed) {
        const one = of(endpoint);
        save.run(endpoint, one.completed, one.failed, one.retried);
      }
      changed.clear();
    },
  };
}
