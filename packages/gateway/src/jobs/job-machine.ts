import { FAILURES, type FailureType, isFinal, type JobFailure, type JobStatus } from '@spillway/protocol';
import { isPlaced, type Job, type Lease, NOT_STARTED } from './job.ts';
import { decideBackoffMs } from './retry-policy.ts';

/**
 * The life of a job, as data and one pure function. The store reads a job, asks `decideTransition`, and writes what it
 * says in the same transaction; nobody else changes a job.
 *
 * Final states (COMPLETED, FAILED, CANCELLED, TIMED_OUT) absorb every event but `retried`. An event of a worker counts
 * only if it comes from the worker that holds the lease and names the attempt's wire id: whoever lost the lease can
 * change nothing.
 */
export type JobEvent =
  | { readonly type: 'leased'; readonly workerId: string; readonly leaseMs: number }
  /** Leased to a backend that has a queue of its own: its execution timeout runs from `started` on. */
  | { readonly type: 'placed'; readonly workerId: string; readonly leaseMs: number }
  /** `ranMs`: it has begun so long ago. */
  | ({ readonly type: 'started'; readonly ranMs?: number } & Reporter)
  | ({ readonly type: 'heartbeat' } & Reporter)
  /** A heartbeat of the worker that did not name the job. */
  | { readonly type: 'missed'; readonly workerId: string }
  | ({ readonly type: 'progressed'; readonly output: string } & Reporter)
  | ({ readonly type: 'completed'; readonly output?: string | undefined } & Reporter)
  | ({ readonly type: 'errored' } & ErrorReport & Reporter)
  /** The worker died or fell silent. `wasShared`: it ran several jobs, so none can be blamed yet. */
  | {
      readonly type: 'lost';
      readonly workerId: string;
      readonly failure: JobFailure;
      readonly wasShared: boolean;
    }
  /** Given back unharmed: taker gone, drain, gateway stopping. The attempt doesn't count. */
  | { readonly type: 'handed-back'; readonly workerId: string; readonly reason: string }
  /** A running job found after a restart gets one full fresh lease. */
  | { readonly type: 'lease-restored' }
  | { readonly type: 'cancelled' }
  /** Cancelled only if it still waits. */
  | { readonly type: 'purged' }
  | { readonly type: 'retried' }
  /** Time passed: whichever deadline is over takes effect. */
  | { readonly type: 'tick' };

/** What went wrong, as the worker tells it. */
export interface ErrorReport {
  readonly error: string;
  readonly output?: string;
  /** HANDLER_ERROR unless the worker knows better. */
  readonly failureType?: FailureType;
  /** False: another delivery would end the same way. */
  readonly isRetryable?: boolean;
}

/** Who reports. `attempt` is checked where the worker knows it. */
export interface Reporter {
  readonly workerId: string;
  readonly wireId: string;
  readonly attempt?: number | undefined;
}

/** How an attempt ended, as kept in the job's history. */
export interface EndedAttempt {
  readonly number: number;
  readonly workerId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: 'completed' | 'failed' | 'lost' | 'handed-back' | 'cancelled' | 'timed-out';
  readonly failure?: JobFailure;
}

export interface Transition {
  readonly before: Job;
  readonly after: Job;
  readonly endedAttempt?: EndedAttempt;
  /** The worker still runs the attempt and must be told to stop. */
  readonly stop?: { readonly workerId: string; readonly wireId: string };
}

/** Heartbeats that may leave a job out before it counts as lost. */
export const MISSES_ALLOWED = 3;

const LOST_PREFIX = 'job timed out after';

/** The next state of `job`, or undefined where the event changes nothing. Pure. */
export function decideTransition(job: Job, event: JobEvent, now: number): Transition | undefined {
  if (event.type === 'retried') return retry(job, now);
  if (isFinal(job.status)) return undefined;
  switch (event.type) {
    case 'leased':
      return lease(job, event.workerId, event.leaseMs, now);
    case 'placed':
      return place(job, event.workerId, event.leaseMs, now);
    case 'cancelled':
      return end(job, now, 'CANCELLED', 'cancelled', {});
    case 'purged':
      return job.lease ? undefined : end(job, now, 'CANCELLED', 'cancelled', {});
    case 'tick':
      return tick(job, now);
    default:
      return job.lease ? whileRunning(job, job.lease, event, now) : undefined;
  }
}

type RunningEvent = Exclude<
  JobEvent,
  { type: 'leased' | 'placed' | 'cancelled' | 'purged' | 'tick' | 'retried' }
>;

function whileRunning(job: Job, held: Lease, event: RunningEvent, now: number): Transition | undefined {
  if (event.type === 'lease-restored') return change(job, { lease: renewed(held, now) });
  if (event.workerId !== held.workerId) return undefined;
  switch (event.type) {
    case 'missed':
      if (held.misses + 1 < MISSES_ALLOWED)
        return change(job, { lease: { ...held, misses: held.misses + 1 } });
      return lose(
        job,
        now,
        leaseExpired(`${MISSES_ALLOWED} heartbeats of worker ${held.workerId} did not name the job`),
        false,
      );
    case 'lost':
      return lose(job, now, event.failure, event.wasShared);
    case 'handed-back':
      return requeue(job, now, now, 'handed-back', { type: 'WORKER_CRASHED', message: event.reason });
    default:
      return isReporter(job, held, event) ? reported(job, held, event, now) : undefined;
  }
}

type ReportEvent = Extract<JobEvent, Reporter>;

function isReporter(job: Job, held: Lease, event: Reporter): boolean {
  return event.wireId === held.wireId && (event.attempt === undefined || event.attempt === job.attempt);
}

function reported(job: Job, held: Lease, event: ReportEvent, now: number): Transition | undefined {
  switch (event.type) {
    case 'heartbeat':
      return change(job, { lease: renewed(held, now) });
    case 'started':
      if (!isPlaced(job)) return undefined;
      return change(job, {
        // Heard of only now; not before it was placed.
        startedAt: Math.max(job.startedAt ?? now, now - (event.ranMs ?? 0)),
        lease: { ...renewed(held, now), deadlineAt: now + job.executionTimeoutMs },
      });
    case 'progressed':
      return change(job, { lease: renewed(held, now), progress: event.output });
    case 'completed':
      return end(job, now, 'COMPLETED', 'completed', { output: event.output });
    case 'errored': {
      const failure: JobFailure = { type: event.failureType ?? 'HANDLER_ERROR', message: event.error };
      const mayRetry = failure.type === 'HANDLER_ERROR' && event.isRetryable !== false;
      if (mayRetry && job.handlerErrorCount < job.limits.handlerError) {
        const count = job.handlerErrorCount + 1;
        return requeue(job, now, now + decideBackoffMs(count), 'failed', failure, {
          handlerErrorCount: count,
        });
      }
      const output = event.output === undefined ? {} : { output: event.output };
      return end(job, now, 'FAILED', 'failed', { error: event.error, ...output }, failure);
    }
  }
}

const renewed = (held: Lease, now: number): Lease => ({ ...held, expiresAt: now + held.leaseMs, misses: 0 });

function lease(job: Job, workerId: string, leaseMs: number, now: number): Transition | undefined {
  if (job.status !== 'IN_QUEUE' || job.availableAt > now || job.expiresAt <= now) return undefined;
  const attempt = job.attempt + 1;
  // Reports name only worker and job, so a second delivery to the same worker goes out under another id. From the third
  // on that worker may be any, since only the last one is known.
  const mayKnowId = job.workerId === workerId || attempt > 2;
  const wireId = mayKnowId ? `${job.id}-a${attempt}` : job.id;
  const held: Lease = {
    workerId,
    wireId,
    leaseMs,
    expiresAt: now + leaseMs,
    deadlineAt: now + job.executionTimeoutMs,
    misses: 0,
  };
  return {
    before: job,
    after: {
      ...job,
      status: 'IN_PROGRESS',
      attempt,
      workerId,
      startedAt: now,
      lease: held,
      progress: undefined,
    },
  };
}

function place(job: Job, workerId: string, leaseMs: number, now: number): Transition | undefined {
  const leased = lease(job, workerId, leaseMs, now);
  if (!leased?.after.lease) return undefined;
  const held = { ...leased.after.lease, deadlineAt: NOT_STARTED };
  return { ...leased, after: { ...leased.after, lease: held } };
}

function tick(job: Job, now: number): Transition | undefined {
  if (job.expiresAt <= now) {
    const message = `the job's time to live (policy.ttl) ran out ${job.lease ? 'while it was running' : 'before a worker finished it'}`;
    return end(job, now, 'TIMED_OUT', 'timed-out', { error: message }, { type: 'TTL_EXPIRED', message });
  }
  if (!job.lease) return undefined;
  if (job.lease.deadlineAt <= now) {
    const message = 'executionTimeout exceeded';
    return end(job, now, 'FAILED', 'timed-out', { error: message }, { type: 'EXECUTION_TIMEOUT', message });
  }
  if (job.lease.expiresAt <= now) {
    return lose(
      job,
      now,
      leaseExpired(`worker ${job.lease.workerId} gave no sign of life for ${job.lease.leaseMs} ms`),
      false,
    );
  }
  return undefined;
}

function leaseExpired(message: string): JobFailure {
  return { type: 'LEASE_EXPIRED', message };
}

/** A lost worker: delivered again while deliveries are left, else FAILED with RunPod's words and the true reason. */
function lose(job: Job, now: number, failure: JobFailure, wasShared: boolean): Transition {
  if (wasShared) return requeue(job, now, now, 'lost', failure, { isSuspect: true });
  const lostCount = job.lostCount + 1;
  const isSpent = lostCount > job.limits.workerLost;
  if (FAILURES[failure.type].isRetryable && !isSpent)
    return requeue(job, now, now, 'lost', failure, { lostCount });
  const log = failure.logTail ? `\nlast lines of the worker's log:\n${failure.logTail}` : '';
  const error = `${isSpent ? `${LOST_PREFIX} ${job.limits.workerLost} retries: ` : ''}${failure.message}${log}`;
  return end({ ...job, lostCount }, now, 'FAILED', 'lost', { error }, failure);
}

function requeue(
  job: Job,
  now: number,
  availableAt: number,
  outcome: EndedAttempt['outcome'],
  failure: JobFailure,
  changes: Partial<Job> = {},
): Transition {
  const after: Job = {
    ...job,
    ...changes,
    status: 'IN_QUEUE',
    availableAt,
    lease: undefined,
    progress: undefined,
  };
  const endedAttempt = ended(job, now, outcome, failure);
  return endedAttempt ? { before: job, after, endedAttempt } : { before: job, after };
}

function end(
  job: Job,
  now: number,
  status: JobStatus,
  outcome: EndedAttempt['outcome'],
  result: { output?: string | undefined; error?: string },
  failure?: JobFailure,
): Transition {
  const after: Job = {
    ...job,
    ...result,
    status,
    finishedAt: now,
    lease: undefined,
    progress: undefined,
  };
  const endedAttempt = ended(job, now, outcome, failure);
  if (!endedAttempt) return { before: job, after };
  const { lease: held } = job;
  const workerStillRuns = held && outcome !== 'completed' && outcome !== 'failed' && outcome !== 'lost';
  if (!workerStillRuns) return { before: job, after, endedAttempt };
  return { before: job, after, endedAttempt, stop: { workerId: held.workerId, wireId: held.wireId } };
}

function ended(
  job: Job,
  now: number,
  outcome: EndedAttempt['outcome'],
  failure?: JobFailure,
): EndedAttempt | undefined {
  if (!job.lease || job.startedAt === undefined) return undefined;
  const attempt = {
    number: job.attempt,
    workerId: job.lease.workerId,
    startedAt: job.startedAt,
    endedAt: now,
    outcome,
  };
  return failure ? { ...attempt, failure } : attempt;
}

function retry(job: Job, now: number): Transition | undefined {
  if (job.status !== 'FAILED' && job.status !== 'TIMED_OUT') return undefined;
  const { output: _output, error: _error, finishedAt: _finished, ...rest } = job;
  const ttlMs = job.expiresAt - job.queuedAt;
  return {
    before: job,
    after: {
      ...rest,
      status: 'IN_QUEUE',
      availableAt: now,
      queuedAt: now,
      expiresAt: now + ttlMs,
      lostCount: 0,
      handlerErrorCount: 0,
    },
  };
}

function change(job: Job, changes: Partial<Job>): Transition {
  return { before: job, after: { ...job, ...changes } };
}

/** When time alone could change the job next; undefined for a final job. */
export function nextDueAt(job: Job): number | undefined {
  if (isFinal(job.status)) return undefined;
  if (job.lease) return Math.min(job.expiresAt, job.lease.expiresAt, job.lease.deadlineAt);
  return job.expiresAt;
}
