import { isFinal } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Job } from '../jobs/job.ts';
import type { JobChange, JobQueue } from '../jobs/queue.ts';
import type { BatchStore, JobReport, OpenJob, RequestEnd } from './batch-store.ts';

export type BatchProgress = ReturnType<typeof createBatchProgress>;

export interface BatchProgressOptions {
  readonly store: BatchStore;
  readonly queue: JobQueue;
  readonly clock: Clock;
  /** Something is to be recorded, not at once. */
  readonly onReport: () => void;
}

/**
 * Follows the jobs of batches: which run now, and what they brought, which the batch keeps from before the job's own
 * retention is over. A crash loses nothing, since `recount` finds what was not noted yet.
 */
export function createBatchProgress({ store, queue, clock, onReport }: BatchProgressOptions) {
  /** Jobs that have not ended, with their batch; null for a job of which it is not yet known whether it has one. */
  const open = new Map<string, string | null>();
  const running = new Map<string, Map<string, number>>();
  let reports: JobReport[] = [];

  function follow({ jobId, batchId }: OpenJob, job?: Job): void {
    open.set(jobId, batchId);
    if (job?.lease && job.startedAt !== undefined) setRunning(batchId, jobId, job.startedAt);
  }

  function setRunning(batchId: string, jobId: string, startedAt: number | undefined): void {
    const jobs = running.get(batchId) ?? new Map<string, number>();
    if (startedAt === undefined) jobs.delete(jobId);
    else jobs.set(jobId, startedAt);
    if (jobs.size > 0) running.set(batchId, jobs);
    else running.delete(batchId);
  }

  function report(one: JobReport): void {
    reports.push(one);
    onReport();
  }

  function note({ transition }: JobChange): void {
    if (!transition) return;
    const { before, after } = transition;
    // A retry by hand: whether the job belongs to a batch is found out when it is recorded.
    if (isFinal(before.status)) {
      open.set(after.id, null);
      report({ type: 'reopened', jobId: after.id });
      return;
    }
    const batchId = open.get(after.id);
    if (batchId === undefined) return;
    if (batchId !== null) setRunning(batchId, after.id, after.lease && after.startedAt);
    if (!isFinal(after.status)) return;
    open.delete(after.id);
    report({ type: 'ended', jobId: after.id, ...endOf(after) });
  }

  return {
    watch: () => queue.watch(note),
    follow,
    report,
    /** Writes what has been noted. What can't be written is kept for the next time. */
    async flush(): Promise<void> {
      if (reports.length === 0) return;
      const noted = reports;
      reports = [];
      try {
        const reopened = await store.record(noted);
        for (const job of reopened) if (open.has(job.jobId)) follow(job, await queue.get(job.jobId));
        const ours = new Set(reopened.map((job) => job.jobId));
        for (const { jobId } of noted.filter((one) => one.type === 'reopened')) {
          if (!ours.has(jobId) && open.get(jobId) === null) open.delete(jobId);
        }
      } catch (error) {
        reports = [...noted, ...reports];
        throw error;
      }
    },
    runningCount: (batchId: string) => running.get(batchId)?.size ?? 0,
    /** When a job that runs now was started. */
    runningSince: (batchId: string, jobId: string) => running.get(batchId)?.get(jobId),
    jobsOf: (batchId: string) => [...open].flatMap(([jobId, batch]) => (batch === batchId ? [jobId] : [])),
    /** After a restart: every job that may have moved while nobody watched. */
    async recount(): Promise<void> {
      for (const one of await store.openJobs()) {
        const job = await queue.get(one.jobId);
        if (job && !isFinal(job.status)) follow(one, job);
        else report({ type: 'ended', jobId: one.jobId, ...(job ? endOf(job) : lost(clock.now())) });
      }
    },
  };
}

function lost(now: number): RequestEnd {
  return { state: 'FAILED', completedAt: now, error: 'the job was deleted before its result was kept' };
}

export function endOf(job: Job): RequestEnd {
  return {
    state: isFinal(job.status) ? job.status : 'FAILED',
    completedAt: job.finishedAt ?? job.createdAt,
    ...(job.startedAt === undefined ? {} : { startedAt: job.startedAt }),
    ...(job.output === undefined ? {} : { output: job.output }),
    ...(job.error === undefined ? {} : { error: job.error }),
  };
}
