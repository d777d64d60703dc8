import type { JobStatus } from '@spillway/protocol';
import type { FleetChange } from '../fleet/fleet.ts';
import type { Transition } from '../jobs/job-machine.ts';
import type { JobChange } from '../jobs/queue.ts';
import type { LoggedEvent } from './event-log.ts';

/** Which event a change of a job or a worker is, if it is one. Pure; only what is small is taken along. */
const LONGEST_ERROR = 500;
const LONGEST_PROGRESS = 1024;

const ENDS: Partial<Record<JobStatus, string>> = {
  COMPLETED: 'job.completed',
  FAILED: 'job.failed',
  CANCELLED: 'job.cancelled',
  TIMED_OUT: 'job.timed_out',
};

export function describeJobChange(change: JobChange, at: number): LoggedEvent | undefined {
  const { jobId, endpoint, transition, isNew } = change;
  // The end of a delay wakes an endpoint, not one job.
  if (jobId === '') return undefined;
  if (transition) return describeTransition(transition, at);
  if (isNew) return { type: 'job.queued', at, endpoint, jobId, status: 'IN_QUEUE' };
  return { type: 'job.chunk', at, endpoint, jobId };
}

function describeTransition(
  { before, after, endedAttempt }: Transition,
  at: number,
): LoggedEvent | undefined {
  const { id: jobId, endpoint, status, attempt, workerId } = after;
  const event = { at, endpoint, jobId, status, ...(attempt > 0 ? { attempt } : {}) };
  const ofWorker = workerId === undefined ? event : { ...event, workerId };
  if (before.status === status) {
    const { progress } = after;
    if (progress === undefined || progress === before.progress) return undefined;
    const shown = progress.length <= LONGEST_PROGRESS ? { progress } : {};
    return { type: 'job.progress', ...ofWorker, ...shown };
  }
  if (status === 'IN_PROGRESS') return { type: 'job.started', ...ofWorker };
  if (status === 'IN_QUEUE') {
    const reason = endedAttempt?.failure?.message.slice(0, LONGEST_ERROR);
    return { type: 'job.retried', ...event, ...(reason === undefined ? {} : { reason }) };
  }
  const error = after.error?.slice(0, LONGEST_ERROR);
  return { type: ENDS[status] ?? '', ...ofWorker, ...(error === undefined ? {} : { error }) };
}

/** `known` is the worker's state in its last event. */
export function describeFleetChange(
  { endpoint, worker }: FleetChange,
  known: string | undefined,
  at: number,
): LoggedEvent | undefined {
  if (!worker) return { type: 'endpoint.starts_resumed', at, endpoint };
  if (worker.state === known) return undefined;
  const reason = worker.problem ?? worker.stopReason;
  return {
    type: `worker.${worker.state}`,
    at,
    endpoint,
    workerId: worker.id,
    ...(reason === undefined ? {} : { reason: reason.slice(0, LONGEST_ERROR) }),
  };
}
