import type { JobFailure } from '@spillway/protocol';
import type { Job } from '../job.ts';
import type { EndedAttempt } from '../job-machine.ts';
import type { JobFilter, JobPage, JobStore } from '../job-store.ts';
import type { createCounters } from './counters.ts';
import { type JobRow, jobOf, summaryOf } from './job-row.ts';
import type { ListReader } from './list-reader.ts';
import type { prepareStatements } from './statements.ts';

type Statements = ReturnType<typeof prepareStatements>;

/**
 * The job of a row, with the values that stand apart. `forTransition` leaves a large input where it is: no transition
 * looks at it, and a heartbeat should not read megabytes.
 */
export function readJob(
  sql: Statements,
  row: unknown,
  use: 'whole' | 'forTransition' = 'whole',
): Job | undefined {
  if (row === undefined) return undefined;
  const { seq } = row as JobRow;
  return jobOf(row as JobRow, (kind) => {
    if (use === 'forTransition' && (kind === 'input' || kind === 'extras')) return undefined;
    const value = sql.value.get(seq, kind);
    return value === undefined ? undefined : String(value.value);
  });
}

type Reads = Pick<
  JobStore,
  | 'get'
  | 'jobsAhead'
  | 'queued'
  | 'list'
  | 'attempts'
  | 'readChunks'
  | 'due'
  | 'nextDueAt'
  | 'running'
  | 'counts'
  | 'oldestQueuedAt'
>;

export function createJobReads(
  sql: Statements,
  counters: ReturnType<typeof createCounters>,
  lists: ListReader,
): Reads {
  return {
    get: async (id) => readJob(sql, sql.byId.get(id)),
    list: async (filter) => listPage(await lists.list(filter), filter),
    attempts: async (id) => sql.attempts.all(id).map(attemptOf),
    readChunks: async (id, offset) => sql.chunksFrom.all(id, offset).map((row) => String(row.chunk)),
    due: async (now, limit) => sql.due.all(now, limit).map((row) => String(row.id)),
    nextDueAt: async () => {
      const at = sql.nextDue.get()?.at;
      return at === null || at === undefined ? undefined : Number(at);
    },
    running: async () => sql.running.all().flatMap((row) => readJob(sql, row) ?? []),
    queued: async (endpoint, limit) => {
      const ready = sql.queuedReady.all(endpoint, limit);
      const delayed = sql.queuedDelayed.all(endpoint, limit - ready.length);
      return [...ready, ...delayed].map((row) => String(row.id));
    },
    jobsAhead: async (id) => Number(sql.jobsAhead.get(id)?.n ?? 0),
    counts: (endpoint) => counters.of(endpoint),
    oldestQueuedAt: async (endpoint) => {
      const { ready, lowPriorityReady } = counters.of(endpoint);
      if (ready === lowPriorityReady) return undefined;
      const at = sql.oldestReady.get(endpoint)?.queued_at;
      return at === undefined || at === null ? undefined : Number(at);
    },
  };
}

function listPage(rows: readonly JobRow[], filter: JobFilter): JobPage {
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    jobs: page.map(summaryOf),
    ...(rows.length > filter.limit && last ? { nextCursor: String(last.seq) } : {}),
  };
}

function attemptOf(row: Record<string, unknown>): EndedAttempt {
  const attempt = {
    number: Number(row.number),
    workerId: String(row.worker_id),
    startedAt: Number(row.started_at),
    endedAt: Number(row.ended_at),
    outcome: String(row.outcome) as EndedAttempt['outcome'],
  };
  return typeof row.failure === 'string'
    ? { ...attempt, failure: JSON.parse(row.failure) as JobFailure }
    : attempt;
}
