import type { Job } from '../job.ts';
import type { StoredJob } from './hot-jobs.ts';
import { type JobRow, jobOf } from './job-row.ts';
import type { Reads } from './reads.ts';

/**
 * The job of a row, with the texts that stand apart. `forTransition` leaves out the input: no transition looks at it,
 * and a heartbeat should not read megabytes.
 */
export function readJob(sql: Reads, row: unknown, use: 'whole' | 'forTransition' = 'whole'): Job | undefined {
  if (row === undefined) return undefined;
  const { seq, status, finished_at: finishedAt, progress } = row as JobRow;
  const submitted = use === 'whole' ? sql.input.get(seq) : undefined;
  return jobOf(row as JobRow, (kind) => {
    if (kind === 'input' || kind === 'extras') return textOf(submitted?.[kind]);
    if (kind === 'output') return finishedAt === null ? undefined : textOf(sql.output.get(seq)?.output);
    if (progress !== null) return String(progress);
    return status === 'IN_PROGRESS' ? textOf(sql.progress.get(seq)?.progress) : undefined;
  });
}

/** Ready jobs in the order of delivery, behind one of them. */
export function readReadyJobs(
  sql: Reads,
  endpoint: string,
  after: StoredJob | undefined,
  limit: number,
): StoredJob[] {
  const rows = after
    ? sql.readyAfter.all(endpoint, limit, after.job.priority, after.seq)
    : sql.ready.all(endpoint, limit);
  return rows.map((one) => {
    const { input, ...row } = one as JobRow;
    const extras = input === null ? null : row.extras;
    const job = jobOf(row, (kind) => textOf({ input, extras, output: null, progress: null }[kind]));
    return { seq: row.seq, job, isReady: true, ...(input === null ? { isPart: true } : {}) };
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** With the input, where it was left out. */
export function whole(sql: Reads, stored: StoredJob): StoredJob {
  if (!stored.isPart) return stored;
  const texts = sql.input.get(stored.seq);
  // Never an empty one in its place: a worker would run on it.
  if (typeof texts?.input !== 'string')
    throw new Error(`the input of job ${stored.job.id} is not in the file`);
  const { input } = texts;
  const job = { ...stored.job, input };
  const { seq, isReady } = stored;
  return typeof texts.extras === 'string'
    ? { seq, isReady, job: { ...job, extras: texts.extras } }
    : { seq, isReady, job };
}
