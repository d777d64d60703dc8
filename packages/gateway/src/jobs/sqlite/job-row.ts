import type { JobStatus } from '@spillway/protocol';
import type { Job } from '../job.ts';
import { nextDueAt } from '../job-machine.ts';
import type { JobSummary } from '../job-store.ts';

/** A row of `jobs`, as SQLite returns it. */
export type JobRow = Record<string, string | number | null> & { seq: number };

/** Texts above this stand in `job_values`, so that a heartbeat does not rewrite them. */
export const INLINE_LIMIT_CHARS = 16 * 1024;

export const VALUE_KINDS = ['input', 'output', 'progress', 'extras'] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/** Columns that a transition may change, in the order of `changingValues`. */
export const CHANGING_COLUMNS = [
  'status',
  'ready',
  'is_suspect',
  'queued_at',
  'available_at',
  'expires_at',
  'due_at',
  'attempt',
  'lost_count',
  'handler_error_count',
  'worker_id',
  'started_at',
  'finished_at',
  'lease_wire_id',
  'lease_expires_at',
  'lease_deadline_at',
  'lease_ms',
  'lease_misses',
  'error',
  'output',
  'progress',
] as const;

/** Columns set once, in the order of `fixedValues`. */
export const FIXED_COLUMNS = [
  'id',
  'endpoint',
  'is_low_priority',
  'priority',
  'tags',
  'created_at',
  'execution_timeout_ms',
  'retry_worker_lost',
  'retry_handler_error',
  'webhook',
  'input',
  'extras',
] as const;

function inline(text: string | undefined): string | null {
  return text === undefined || text.length > INLINE_LIMIT_CHARS ? null : text;
}

export function changingValues(job: Job, now: number): (string | number | null)[] {
  const isReady = job.availableAt <= now;
  const due = nextDueAt(job);
  return [
    job.status,
    isReady ? 1 : 0,
    job.isSuspect ? 1 : 0,
    job.queuedAt,
    job.availableAt,
    job.expiresAt,
    due ?? null,
    job.attempt,
    job.lostCount,
    job.handlerErrorCount,
    job.workerId ?? null,
    job.startedAt ?? null,
    job.finishedAt ?? null,
    job.lease?.wireId ?? null,
    job.lease?.expiresAt ?? null,
    job.lease?.deadlineAt ?? null,
    job.lease?.leaseMs ?? null,
    job.lease?.misses ?? null,
    job.error ?? null,
    inline(job.output),
    inline(job.progress),
  ];
}

export function fixedValues(job: Job): (string | number | null)[] {
  return [
    job.id,
    job.endpoint,
    job.isLowPriority ? 1 : 0,
    job.priority,
    job.tags.length === 0 ? null : JSON.stringify(job.tags),
    job.createdAt,
    job.executionTimeoutMs,
    job.limits.workerLost,
    job.limits.handlerError,
    job.webhook ?? null,
    inline(job.input),
    inline(job.extras),
  ];
}

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
  const wireId = text(row.lease_wire_id);
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
            expiresAt: Number(row.lease_expires_at),
            deadlineAt: Number(row.lease_deadline_at),
            leaseMs: Number(row.lease_ms),
            misses: Number(row.lease_misses),
          },
        }),
  };
}

/** A whole job; `large` brings the values that did not fit the row. */
export function jobOf(row: JobRow, large: (kind: ValueKind) => string | undefined): Job {
  const value = (kind: ValueKind) => text(row[kind]) ?? large(kind);
  return {
    ...summaryOf(row),
    input: value('input') ?? '{}',
    ...(present({
      extras: value('extras'),
      output: value('output'),
      progress: value('progress'),
    }) as Partial<Job>),
  };
}
