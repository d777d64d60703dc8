import type { JobStatus } from '@spillway/protocol';
import type { Job } from '../job.ts';
import type { JobSummary } from '../job-store.ts';
import type { Write } from './writes.ts';

/** A row of `jobs`, as SQLite returns it. */
export type JobRow = Record<string, string | number | null> & { seq: number };

/** Longer progress stands in a table of its own. */
const INLINE_LIMIT_CHARS = 16 * 1024;

/** The users' texts of a job, each read only when it is asked for. */
export type TextKind = 'input' | 'extras' | 'output' | 'progress';

export const isLong = (text: string | undefined): boolean =>
  text !== undefined && text.length > INLINE_LIMIT_CHARS;

export const inline = (text: string | undefined): string | null =>
  text === undefined || isLong(text) ? null : text;

/** When time alone ends it in the queue; running jobs' deadlines are the gateway's. */
export const queueDueAt = (job: Job): number | null => (job.status === 'IN_QUEUE' ? job.expiresAt : null);

/** The statement that inserts it, with its values. */
export function insertWrite(seq: number, job: Job, isReady: boolean): Write {
  const { lease, limits } = job;
  if (isReady && isPlain(job)) {
    const { id, endpoint, createdAt, expiresAt, executionTimeoutMs, startedAt = null } = job;
    // biome-ignore format: in the order of `PLAIN_COLUMNS`
    const values = [
      seq, id, endpoint, createdAt, expiresAt, executionTimeoutMs, limits.workerLost, limits.handlerError, job.keyId ?? null,
    ] as const;
    if (!lease) return ['insertPlain', ...values];
    return ['insertLeased', ...values, lease.workerId, startedAt, lease.deadlineAt, lease.leaseMs];
  }
  // biome-ignore format: one line of columns each, as in `writes.ts`
  return [
    'insert',
    seq, job.id, job.endpoint, flag(job.isLowPriority), job.priority, tagsText(job), job.createdAt, job.executionTimeoutMs,
    limits.workerLost, limits.handlerError, job.webhook ?? null, job.status, flag(isReady), flag(job.isSuspect), job.queuedAt,
    job.availableAt, job.expiresAt, queueDueAt(job), job.attempt, job.lostCount, job.handlerErrorCount, job.workerId ?? null,
    job.startedAt ?? null, job.finishedAt ?? null, lease?.wireId ?? null, lease?.deadlineAt ?? null, lease?.leaseMs ?? null,
    job.error ?? null, inline(job.progress), job.keyId ?? null,
  ];
}

/** New, or leased as it came, and with nothing said of it but its times. */
function isPlain(job: Job): boolean {
  const { createdAt, lease } = job;
  const isUndelayed = job.queuedAt === createdAt && job.availableAt === createdAt;
  const isUsual =
    job.priority === 0 && !job.isLowPriority && job.webhook === undefined && job.tags.length === 0;
  const isNew =
    job.lostCount + job.handlerErrorCount === 0 &&
    !job.isSuspect &&
    job.error === undefined &&
    job.progress === undefined &&
    job.finishedAt === undefined;
  if (!isUndelayed || !isUsual || !isNew) return false;
  if (lease) return job.status === 'IN_PROGRESS' && job.attempt === 1 && lease.wireId === job.id;
  return job.status === 'IN_QUEUE' && job.attempt === 0 && job.workerId === undefined;
}

const flag = (isSet: boolean): 0 | 1 => (isSet ? 1 : 0);

const tagsText = ({ tags }: Job): string | null => (tags.length === 0 ? null : JSON.stringify(tags));

const text = (value: string | number | null | undefined) =>
  value === null || value === undefined ? undefined : String(value);
const number = (value: string | number | null | undefined) =>
  value === null || value === undefined ? undefined : Number(value);

/** Leaves out what is undefined, as exact optional properties want it. */
function present<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** A row without the user's values. */
export function summaryOf(row: JobRow): JobSummary {
  const wireId = row.status === 'IN_PROGRESS' ? text(row.lease_wire_id) : undefined;
  return {
    id: String(row.id),
    endpoint: String(row.endpoint),
    status: String(row.status) as JobStatus,
    isLowPriority: row.is_low_priority === 1,
    priority: Number(row.priority),
    tags: typeof row.tags === 'string' ? (JSON.parse(row.tags) as string[]) : [],
    isSuspect: row.is_suspect === 1,
    createdAt: Number(row.created_at),
    queuedAt: Number(row.queued_at),
    availableAt: Number(row.available_at),
    expiresAt: Number(row.expires_at),
    executionTimeoutMs: Number(row.execution_timeout_ms),
    limits: {
      workerLost: Number(row.retry_worker_lost),
      handlerError: Number(row.retry_handler_error),
    },
    attempt: Number(row.attempt),
    lostCount: Number(row.lost_count),
    handlerErrorCount: Number(row.handler_error_count),
    ...(present({
      keyId: text(row.key_id),
      webhook: text(row.webhook),
      workerId: text(row.worker_id),
      startedAt: number(row.started_at),
      finishedAt: number(row.finished_at),
      error: text(row.error),
    }) as Partial<JobSummary>),
    ...(wireId === undefined
      ? {}
      : {
          lease: {
            workerId: String(row.worker_id),
            wireId,
            // Renewed in memory only; whoever starts anew gives it a fresh one.
            expiresAt: Number(row.started_at) + Number(row.lease_ms),
            deadlineAt: Number(row.lease_deadline_at),
            leaseMs: Number(row.lease_ms),
            misses: 0,
          },
        }),
  };
}

/** A whole job; `read` brings its texts. */
export function jobOf(row: JobRow, read: (kind: TextKind) => string | undefined): Job {
  return {
    ...summaryOf(row),
    input: read('input') ?? '{}',
    ...(present({
      extras: read('extras'),
      output: read('output'),
      progress: read('progress'),
    }) as Partial<Job>),
  };
}
