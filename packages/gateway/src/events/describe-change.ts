import type { JobStatus } from '@spillway/protocol';
import type { FleetChange } from '../fleet/fleet.ts';
import { isPlaced, type Job } from '../jobs/job.ts';
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
  const { status } = after;
  if (isPlaced(after)) return undefined;
  if (isPlaced(before) && status === 'IN_PROGRESS') return ofAttempt('job.started', after, at);
  if (before.status === status) {
    const { progress } = after;
    if (progress === undefined || progress === before.progress) return undefined;
    const event = ofAttempt('job.progress', after, at);
    return progress.length <= LONGEST_PROGRESS ? { ...event, progress } : event;
  }
  if (status === 'IN_PROGRESS') return ofAttempt('job.started', after, at);
  if (status === 'IN_QUEUE') {
    const { workerId: _last, ...event } = ofAttempt('job.retried', after, at);
    const reason = endedAttempt?.failure?.message.slice(0, LONGEST_ERROR);
    return reason === undefined ? event : { ...event, reason };
  }
  const event = ofAttempt(ENDS[status] ?? '', after, at);
  return after.error === undefined ? event : { ...event, error: after.error.slice(0, LONGEST_ERROR) };
}

/** Written out for the many: each spread would be a copy of what most events have anyway. */
function ofAttempt(type: string, job: Job, at: number): LoggedEvent {
  const { id: jobId, endpoint, status, attempt, workerId } = job;
  if (attempt === 0) return { type, at, endpoint, jobId, status };
  if (workerId === undefined) return { type, at, endpoint, jobId, status, attempt };
  return { type, at, endpoint, jobId, status, attempt, workerId };
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
