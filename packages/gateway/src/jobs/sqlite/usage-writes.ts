import type { DatabaseSync } from 'node:sqlite';
import type { AttemptMeter, UsageRow } from '../usage-row.ts';
import type { Write } from './writes.ts';

/**
 * How usage is written. What costs something has a row of its own, in the transaction that ends the attempt. What costs
 * nothing adds nothing to that transaction: the job's own rows tell of its attempts, and when they are deleted, long
 * after, their times are added to their day's sums in the same transaction.
 */
export function usageWrite(row: UsageRow): Write {
  // biome-ignore format: in the order of the table's columns
  return [
    'putUsage',
    row.jobId, row.number, row.endpoint, row.keyId ?? '', tagsText(row.tags), row.backend, row.workerId,
    row.remoteWorker ?? null, row.priceClass ?? null, row.microsPerHour ?? null, row.startedAt, row.endedAt, row.outcome,
    row.busyMs, row.seconds, row.costMicros ?? null,
  ];
}

const tagsText = (tags: readonly string[]): string => (tags.length === 0 ? '' : JSON.stringify(tags));

/** Columns of a job that its sums need. */
export type DroppedJob = Record<string, unknown> & { seq: number; id: string };

/** Sums of jobs that are deleted, as writes. */
export type FoldUsage = (jobs: readonly DroppedJob[]) => readonly Write[];

const DAY_MS = 86_400_000;
/** Tags may be made up for each job; beyond so many sets of them a day and endpoint, they are not told apart. */
const MOST_TAG_SETS = 1_000;

export function createFoldUsage(db: DatabaseSync, meter: AttemptMeter | undefined): FoldUsage {
  const attempts = db.prepare('SELECT * FROM attempts WHERE seq = ?');
  const hasRow = db.prepare('SELECT 1 FROM usage_attempts WHERE job_id = ? AND number = ?');
  const tagSets = db.prepare(
    `SELECT count(*) AS n FROM usage_days WHERE day = ? AND endpoint = ? AND tags <> ''`,
  );
  const withRows = new Set(
    db
      .prepare('SELECT DISTINCT endpoint FROM usage_attempts')
      .all()
      .map((row) => String(row.endpoint)),
  );
  const isCounted = (endpoint: string, id: string, number: number) =>
    (withRows.has(endpoint) || meter?.isMetered(endpoint) === true) && hasRow.get(id, number) !== undefined;

  return (jobs) => {
    const sums = new Map<string, DaySum>();
    const add = (job: DroppedJob, number: number, startedAt: unknown, endedAt: unknown, isDone: boolean) => {
      const endpoint = String(job.endpoint);
      if (isCounted(endpoint, job.id, number)) return;
      const day = Math.floor(Number(endedAt) / DAY_MS);
      const key = `${day} ${endpoint} ${job.key_id ?? ''} ${job.tags ?? ''}`;
      const sum = sums.get(key) ?? newSum(day, endpoint, job);
      sums.set(key, sum);
      sum.attempts += 1;
      if (isDone) sum.completed += 1;
      sum.busyMs += Math.max(0, Number(endedAt) - Number(startedAt));
    };
    for (const job of jobs) {
      const last = Number(job.attempt);
      const isCompleted = job.status === 'COMPLETED';
      if (isCompleted && job.started_at !== null) add(job, last, job.started_at, job.finished_at, true);
      if (last === 0 || (last === 1 && isCompleted)) continue;
      for (const { number, started_at, ended_at } of attempts.all(job.seq))
        if (!isCompleted || number !== last) add(job, Number(number), started_at, ended_at, false);
    }
    return [...sums.values()].map(({ day, endpoint, keyId, tags, attempts: count, completed, busyMs }) => {
      const isKept = tags === '' || Number(tagSets.get(day, endpoint)?.n) < MOST_TAG_SETS;
      return ['addUsageDay', day, endpoint, keyId, isKept ? tags : '', count, completed, busyMs];
    });
  };
}

interface DaySum {
  readonly day: number;
  readonly endpoint: string;
  readonly keyId: string;
  readonly tags: string;
  attempts: number;
  completed: number;
  busyMs: number;
}

function newSum(day: number, endpoint: string, job: DroppedJob): DaySum {
  const keyId = String(job.key_id ?? '');
  return { day, endpoint, keyId, tags: String(job.tags ?? ''), attempts: 0, completed: 0, busyMs: 0 };
}
