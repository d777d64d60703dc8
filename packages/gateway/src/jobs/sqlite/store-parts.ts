import type { Job } from '../job.ts';
import type { Transition } from '../job-machine.ts';
import type { AttemptMeter } from '../usage-row.ts';
import { type Added, countsOfMove, type createCounters } from './counters.ts';
import type { Draft } from './draft.ts';
import type { HotJobs, StoredJob } from './hot-jobs.ts';
import { inline, isLong, type JobRow, queueDueAt } from './job-row.ts';
import type { Overlay } from './overlay.ts';
import { readJob, whole } from './read-job.ts';
import type { Reads } from './reads.ts';
import type { ReadyLines } from './ready-lines.ts';
import { type FoldUsage, usageWrite } from './usage-writes.ts';
import { freeValue, giveValue } from './value-rows.ts';

/** What every operation of the store works with. */
export interface StoreParts {
  readonly sql: Reads;
  readonly counters: ReturnType<typeof createCounters>;
  readonly jobs: HotJobs;
  readonly ready: ReadyLines;
  /** Number of the next chunk of jobs that stream, by `seq`; only of running jobs. */
  readonly nextChunks: Map<number, number>;
  nextSeq(): number;
  /** Sums of jobs that are to be deleted. */
  readonly foldUsage: FoldUsage;
  /** Absent: nothing costs anything. */
  readonly meter?: AttemptMeter | undefined;
}

/** The job as the batch has it so far. `forTransition`: the input may be missing, since no transition looks at it. */
export function findJob(
  { sql, jobs }: StoreParts,
  overlay: Overlay,
  id: string,
  use: 'whole' | 'forTransition',
): StoredJob | undefined {
  const staged = overlay.jobs.get(id);
  const known = staged ? staged.stored : jobs.get(id);
  if (known) return use === 'whole' ? whole(sql, known) : known;
  if (staged) return undefined;
  const row = sql.byId.get(id) as JobRow | undefined;
  const job = readJob(sql, row, use);
  return row && job && { seq: row.seq, job, isReady: row.ready === 1, isPart: use === 'forTransition' };
}

export function addCounts(parts: StoreParts, draft: Draft, endpoint: string, added: Added | undefined): void {
  if (!added) return;
  parts.counters.add(endpoint, added);
  draft.counts.push([endpoint, added]);
}

/** The job is so from now on; it has been counted. */
export function stage({ counters, ready }: StoreParts, draft: Draft, stored: StoredJob): void {
  draft.stage(stored.job.id, stored);
  ready.note(stored, counters.of(stored.job.endpoint).ready);
}

/** Has a transition written. Where only a lease was renewed there is nothing to write. */
export function writeTransition(
  parts: StoreParts,
  draft: Draft,
  stored: StoredJob,
  transition: Transition,
  now: number,
): void {
  const { before, after } = transition;
  const { seq } = stored;
  const isReady = after.availableAt <= now;
  if (before.status !== after.status) writeMove(parts, draft, seq, transition, isReady);
  else if (before.progress !== after.progress) draft.writes.push(['progress', inline(after.progress), seq]);
  else if (before.startedAt !== after.startedAt) writeStart(draft, seq, after);
  if (before.progress !== after.progress) writeLongProgress(draft, seq, before, after);
  addCounts(parts, draft, after.endpoint, countsOfMove(before, after, stored.isReady, isReady));
  stage(
    parts,
    draft,
    stored.isPart ? { seq, job: after, isReady, isPart: true } : { seq, job: after, isReady },
  );
}

function writeMove(
  { nextChunks, meter }: StoreParts,
  draft: Draft,
  seq: number,
  { before, after, endedAttempt }: Transition,
  isReady: boolean,
): void {
  const { writes } = draft;
  if (after.lease) writeLease(draft, seq, before, after, nextChunks);
  else if (after.finishedAt === undefined) writeRequeue(draft, seq, before, after, isReady);
  else writeEnd(draft, seq, after);
  if (!after.lease) nextChunks.delete(seq);
  const usage = endedAttempt && meter?.rowOf(before, endedAttempt);
  if (usage) writes.push(usageWrite(usage));
  // How a completed attempt went is in the job's row.
  if (!endedAttempt || endedAttempt.outcome === 'completed') return;
  const { number, workerId, startedAt, endedAt, outcome, failure } = endedAttempt;
  const reason = failure ? JSON.stringify(failure) : null;
  writes.push(['putAttempt', seq, number, workerId, startedAt, endedAt, outcome, reason]);
}

function writeLease(
  { writes }: Draft,
  seq: number,
  before: Job,
  { attempt, workerId, startedAt, lease }: Job,
  nextChunks: StoreParts['nextChunks'],
): void {
  if (!lease) return;
  const { wireId, deadlineAt, leaseMs } = lease;
  writes.push(['lease', attempt, workerId ?? null, startedAt ?? null, wireId, deadlineAt, leaseMs, seq]);
  if (before.attempt === 0) return;
  // A further delivery starts its stream anew: what the attempt before had sent would stand twice.
  writes.push(['dropChunks', seq], ['freeAttempt', seq], ['undrain', seq]);
  nextChunks.set(seq, 0);
}

/** A placed attempt begins. */
function writeStart({ writes }: Draft, seq: number, { attempt, workerId, startedAt, lease }: Job): void {
  if (!lease) return;
  const { wireId, deadlineAt, leaseMs } = lease;
  writes.push(['lease', attempt, workerId ?? null, startedAt ?? null, wireId, deadlineAt, leaseMs, seq]);
}

function writeRequeue({ writes }: Draft, seq: number, before: Job, after: Job, isReady: boolean): void {
  const times = [after.queuedAt, after.availableAt, after.expiresAt, queueDueAt(after)] as const;
  const flags = [isReady ? 1 : 0, after.isSuspect ? 1 : 0] as const;
  writes.push(['requeue', ...flags, ...times, after.lostCount, after.handlerErrorCount, seq]);
  if (before.output === undefined) return;
  writes.push(['dropOutput', seq]);
  freeValue({ writes }, before.output);
}

function writeEnd({ writes }: Draft, seq: number, after: Job): void {
  const { status, finishedAt = null, error = null, lostCount, handlerErrorCount, isSuspect } = after;
  writes.push(['finish', status, finishedAt, error, lostCount, handlerErrorCount, isSuspect ? 1 : 0, seq]);
  if (after.output !== undefined) {
    writes.push(['putOutput', seq, after.output]);
    giveValue({ writes }, seq, after.output);
  }
  // The outbox is written with the end itself, so that a crash after it loses no webhook.
  if (after.webhook !== undefined)
    writes.push(['putDelivery', seq, after.id, after.endpoint, after.webhook, finishedAt]);
}

function writeLongProgress({ writes }: Draft, seq: number, before: Job, after: Job): void {
  if (after.progress !== undefined && isLong(after.progress))
    writes.push(['putProgress', seq, after.progress]);
  else if (isLong(before.progress)) writes.push(['dropProgress', seq]);
}
