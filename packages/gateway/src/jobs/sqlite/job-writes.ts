import type { Job } from '../job.ts';
import { decideTransition, type Transition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, TakeRequest } from '../job-store.ts';
import type { CommitGroup } from './commit-group.ts';
import type { createCounters } from './counters.ts';
import { readJob } from './job-reads.ts';
import { INLINE_LIMIT_CHARS, type JobRow, VALUE_KINDS } from './job-row.ts';
import type { prepareStatements } from './statements.ts';

type Statements = ReturnType<typeof prepareStatements>;
type Counters = ReturnType<typeof createCounters>;

type Writes = Pick<
  JobStore,
  'insert' | 'apply' | 'take' | 'appendChunk' | 'drainChunks' | 'wakeDelayed' | 'remove' | 'removeEndedBefore'
>;

export function createJobWrites(sql: Statements, counters: Counters, group: CommitGroup): Writes {
  return {
    insert: (job, once) => group.run(() => insertOne(sql, counters, job, once)),
    apply: (id, event, now) =>
      group.run(() => {
        const row = sql.byId.get(id);
        const job = readJob(sql, row, 'forTransition');
        const transition = job && decideTransition(job, event, now);
        if (transition) write(sql, counters, row as JobRow, transition, now);
        return transition;
      }),
    take: (request, now) => group.run(() => takeOne(sql, counters, request, now)),
    appendChunk: (id, by, { chunk, number }, now) =>
      group.run(() => {
        const row = sql.byId.get(id) as JobRow | undefined;
        if (!row || row.lease_wire_id !== by.wireId || row.worker_id !== by.workerId) return undefined;
        if (by.attempt !== undefined && by.attempt !== row.attempt) return undefined;
        const next = Number(sql.nextChunk.get(row.seq)?.next ?? 0);
        if (number !== undefined && number < next) return undefined;
        sql.putChunk.run(row.seq, next, Number(row.attempt), chunk);
        // A chunk is a sign of life.
        sql.renew.run(now + Number(row.lease_ms), row.seq);
        return String(row.endpoint);
      }),
    drainChunks: (id) =>
      group.run(() => {
        const chunks = sql.chunksAfterDrained.all(id).map((row) => String(row.chunk));
        if (chunks.length > 0) sql.drain.run(chunks.length, id);
        return chunks;
      }),
    wakeDelayed: (now) =>
      group.run(() => {
        const woken = sql.wake.all(now);
        for (const row of woken) counters.woke(String(row.endpoint), row.is_low_priority === 1);
        return [...new Set(woken.map((row) => String(row.endpoint)))];
      }),
    remove: (id) =>
      group.run(() => {
        const row = sql.byId.get(id);
        if (row?.finished_at === null || row === undefined) return false;
        sql.remove(Number(row.seq));
        return true;
      }),
    removeEndedBefore: (before, limit) =>
      group.run(() => {
        const rows = sql.endedBefore.all(before, limit);
        for (const row of rows) sql.remove(Number(row.seq));
        return rows.length;
      }),
  };
}

function insertOne(
  sql: Statements,
  counters: Counters,
  job: Job,
  once: IdempotentSubmit | undefined,
): InsertResult {
  const known = once && sql.idempotent.get(job.endpoint, once.key);
  if (known) {
    const type = known.fingerprint === once.fingerprint ? 'repeated' : 'conflict';
    return { type, jobId: String(known.job_id) };
  }
  const seq = sql.insert(job, job.createdAt);
  writeLarge(sql, seq, job);
  for (const tag of job.tags) sql.putTag.run(tag, seq);
  if (once) sql.putIdempotent.run(job.endpoint, once.key, seq, job.id, once.fingerprint);
  counters.moved(undefined, job, { wasReady: false, isReady: job.availableAt <= job.createdAt });
  return { type: 'inserted' };
}

function takeOne(
  sql: Statements,
  counters: Counters,
  request: TakeRequest,
  now: number,
): Transition | undefined {
  const statement = request.acceptsSuspects ? sql.firstReady : sql.firstReadyUnsuspected;
  for (const row of statement.iterate(request.endpoint)) {
    const job = readJob(sql, row);
    if (!job) return undefined;
    const event = { type: 'leased', workerId: request.workerId, leaseMs: request.leaseMs } as const;
    const transition = decideTransition(job, event, now);
    // A job whose time to live is over stays for the sweep.
    if (!transition) continue;
    write(sql, counters, row as JobRow, transition, now);
    return transition;
  }
  return undefined;
}

function write(sql: Statements, counters: Counters, row: JobRow, transition: Transition, now: number): void {
  const { before, after, endedAttempt } = transition;
  const { seq } = row;
  sql.update(seq, after, now);
  writeLarge(sql, seq, after, before);
  if (endedAttempt) sql.putAttempt(seq, endedAttempt);
  // A further delivery starts its stream anew: what the attempt before had sent would stand twice.
  if (after.attempt !== before.attempt && before.attempt > 0) {
    sql.dropChunks.run(seq);
    sql.undrain.run(seq);
  }
  // The outbox is written with the end itself, so that a crash after it loses no webhook.
  if (after.webhook !== undefined && after.finishedAt !== undefined && before.finishedAt === undefined) {
    sql.putDelivery.run(seq, after.id, after.endpoint, after.webhook, now);
  }
  counters.moved(before, after, { wasReady: row.ready === 1, isReady: after.availableAt <= now });
}

function writeLarge(sql: Statements, seq: number, job: Job, before?: Job): void {
  for (const kind of VALUE_KINDS) {
    const value = job[kind];
    if (value === before?.[kind]) continue;
    if (value !== undefined && value.length > INLINE_LIMIT_CHARS) sql.putValue.run(seq, kind, value);
    else if ((before?.[kind]?.length ?? 0) > INLINE_LIMIT_CHARS) sql.dropValue.run(seq, kind);
  }
}
