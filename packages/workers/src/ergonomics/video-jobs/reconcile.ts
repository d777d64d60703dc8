import type { Clock } from '@spillway/sdk/clock';
import type { FollowUpJobs, JobState } from './follow-up-jobs.ts';
import type { StatusFiles } from './status-files.ts';
import { isFinalState, type StatusEvent, type StatusRecord } from './status-record.ts';

/**
 * Holds a status file against what has become of its job, so that the two never disagree: a job that ended without having
 * said so (a lost worker, a time-out, a cancellation by the server) ends its status, too.
 */
export interface ReconcileParts {
  readonly files: StatusFiles;
  readonly followUps: FollowUpJobs | undefined;
  readonly clock: Pick<Clock, 'now'>;
  /** Without a sign of life for so long it is lost, where nobody can tell. */
  readonly lostAfterMs: number;
}

const UNDER_WAY = new Set(['IN_QUEUE', 'IN_PROGRESS', 'RUNNING']);

export async function reconcile(parts: ReconcileParts, record: StatusRecord): Promise<StatusRecord> {
  if (isFinalState(record.status)) return record;
  const { files, followUps, clock, lostAfterMs } = parts;
  const silentMs = clock.now() - Date.parse(record.updated_at);
  const id = record.process_job_id;
  const found = id !== undefined && followUps ? await ask(followUps, id) : 'unreachable';
  const end = decideEnd(record, found, silentMs > lostAfterMs, silentMs);
  if (!end) return record;
  // Its end was written before its job ended, and perhaps after it was read here.
  return (await files.apply(record.job_id, end))?.record ?? record;
}

type Answer = JobState | undefined | 'unreachable';

/** Who does not answer says nothing of the job. */
async function ask(followUps: FollowUpJobs, id: string): Promise<Answer> {
  return followUps.state(id).catch((): 'unreachable' => 'unreachable');
}

/** Undefined while it is under way, as far as anybody knows. */
export function decideEnd(
  { run }: StatusRecord,
  job: Answer,
  isSilent: boolean,
  silentMs: number,
): StatusEvent | undefined {
  if (job === 'unreachable' || job === undefined) {
    if (!isSilent) return undefined;
    const minutes = Math.max(1, Math.round(silentMs / 60_000));
    const error = `The processing was lost: there was no sign of life for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}. Start it again; it goes on from its last finished segment.`;
    return { type: 'failed', run, error };
  }
  if (UNDER_WAY.has(job.status)) return undefined;
  if (job.status === 'CANCELLED') return { type: 'cancelled', run };
  const silent = job.status === 'TIMED_OUT' ? 'its time was over' : 'it ended without a result';
  const reason = job.error === undefined ? silent : sentenceOf(job.error);
  return { type: 'failed', run, error: `The processing ended: ${reason}` };
}

/** An unexpected error crosses the wire as JSON text with a trace. */
export function sentenceOf(error: string): string {
  try {
    const value: unknown = JSON.parse(error);
    const message = (value as { error_message?: unknown } | null)?.error_message;
    return typeof message === 'string' ? message : error;
  } catch {
    return error;
  }
}
