import type { JobFailure } from '@spillway/protocol';
import type { Job } from '../job.ts';
import type { EndedAttempt } from '../job-machine.ts';
import type { JobFilter, JobPage, JobStore } from '../job-store.ts';
import { parseReference } from '../large-values/value-reference.ts';
import type { CommitGroup } from './commit-group.ts';
import { type JobRow, summaryOf } from './job-row.ts';
import type { ListReader } from './list-reader.ts';
import { readJob, whole } from './read-job.ts';
import type { StoreParts } from './store-parts.ts';

type JobReads = Pick<
  JobStore,
  | 'get'
  | 'jobsAhead'
  | 'waitingSince'
  | 'queued'
  | 'list'
  | 'attempts'
  | 'largeChunks'
  | 'readChunks'
  | 'due'
  | 'nextDueAt'
  | 'running'
  | 'counts'
  | 'oldestQueuedAt'
>;

export function createJobReads(
  { sql, counters, jobs }: StoreParts,
  lists: ListReader,
  group: Pick<CommitGroup, 'isChanging' | 'settled'>,
): JobReads {
  return {
    async get(id) {
      // Nobody sees what is not on disk yet.
      while (group.isChanging(id)) await group.settled();
      const hot = jobs.get(id);
      return hot ? whole(sql, hot).job : readJob(sql, sql.byId.get(id));
    },
    list: async (filter) => listPage(await lists.list(filter), filter),
    attempts: async (id) => {
      const ended = sql.attempts.all(id).map(attemptOf);
      const completed = completedAttempt(sql.byId.get(id));
      // Files from before have a row of it, too.
      const isKnown = ended.some(({ number }) => number === completed?.number);
      return completed && !isKnown ? [...ended, completed] : ended;
    },
    largeChunks: async (id) =>
      sql.largeChunks.all(id).flatMap((row) => parseReference(String(row.chunk)) ?? []),
    readChunks: async (id, offset) => sql.chunksFrom.all(id, offset).map((row) => String(row.chunk)),
    due: async (now, limit) => [
      ...jobs.due(now).slice(0, limit),
      ...sql.due.all(now, limit).map((row) => String(row.id)),
    ],
    nextDueAt: async () => {
      const times = [sql.nextDue.get()?.at ?? undefined, jobs.nextDueAt()].flatMap((at) => at ?? []);
      return times.length === 0 ? undefined : Math.min(...times.map(Number));
    },
    async running() {
      const found: Job[] = [];
      for (const row of sql.running.all() as JobRow[]) {
        const job = readJob(sql, row, 'forTransition');
        if (!job) continue;
        // From now on its deadlines are watched.
        if (!jobs.get(job.id)) jobs.keep({ seq: row.seq, job, isReady: row.ready === 1, isPart: true });
        found.push(job);
      }
      return found;
    },
    queued: async (endpoint, limit) => {
      const ready = sql.queuedReady.all(endpoint, limit);
      const delayed = sql.queuedDelayed.all(endpoint, limit - ready.length);
      return [...ready, ...delayed].map((row) => String(row.id));
    },
    waitingSince: async ({ endpoint, before, withLowPriority, mostBytes, limit, exceptKeys = [] }) =>
      sql.waitingSince
        .all(endpoint, withLowPriority ? 1 : 0, before, mostBytes, limit, JSON.stringify(exceptKeys))
        .map(({ id, since, key_id }) => ({
          ...{ id: String(id), since: Number(since) },
          ...(key_id === null ? {} : { keyId: String(key_id) }),
        })),
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

/** An attempt that completed its job is told by the job's own row. */
function completedAttempt(row: Record<string, unknown> | undefined): EndedAttempt | undefined {
  if (row?.status !== 'COMPLETED') return undefined;
  return {
    number: Number(row.attempt),
    workerId: String(row.worker_id),
    startedAt: Number(row.started_at),
    endedAt: Number(row.finished_at),
    outcome: 'completed',
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
