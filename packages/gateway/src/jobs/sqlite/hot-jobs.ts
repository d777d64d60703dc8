import type { Job } from '../job.ts';
import { nextDueAt } from '../job-machine.ts';

/** A job that has not ended, as the table has it. */
export interface StoredJob {
  readonly seq: number;
  readonly job: Job;
  /** Not held back by a delay. */
  readonly isReady: boolean;
  /** Read without its input. */
  readonly isPart?: boolean;
}

const MOST_QUEUED = 2_000;
/** Queued jobs with longer texts are read when they are needed. */
const LONGEST_CHARS = 16 * 1024;

/**
 * Jobs that need no read: all that run, whose leases are renewed here alone, and those that were queued last. The store
 * alone writes its file, so what is here is what the file has, and newer leases.
 */
export function createHotJobs() {
  const running = new Map<string, StoredJob>();
  const queued = new Map<string, StoredJob>();

  function keepQueued(one: StoredJob): void {
    const { id, input, extras = '' } = one.job;
    if (one.isPart || input.length + extras.length > LONGEST_CHARS) return;
    queued.set(id, one);
    if (queued.size <= MOST_QUEUED) return;
    const [oldest = ''] = queued.keys();
    queued.delete(oldest);
  }

  return {
    get: (id: string): StoredJob | undefined => running.get(id) ?? queued.get(id),
    /** After each change that is on disk; a job that has ended leaves. */
    keep(one: StoredJob): void {
      const { id, status } = one.job;
      queued.delete(id);
      if (status === 'IN_PROGRESS') {
        running.set(id, slim(one));
        return;
      }
      running.delete(id);
      if (status === 'IN_QUEUE') keepQueued(one);
    },
    drop(id: string): void {
      running.delete(id);
      queued.delete(id);
    },
    /** Running jobs of which a deadline is over. */
    due(now: number): string[] {
      const due: string[] = [];
      for (const [id, { job }] of running) if ((nextDueAt(job) ?? now + 1) <= now) due.push(id);
      return due;
    },
    nextDueAt(): number | undefined {
      let next: number | undefined;
      for (const { job } of running.values()) {
        const at = nextDueAt(job);
        if (at !== undefined && (next === undefined || at < next)) next = at;
      }
      return next;
    },
  };
}

/** A worker may hold a job for hours: a long input is not kept in memory for so long. */
function slim(one: StoredJob): StoredJob {
  const { input, extras = '' } = one.job;
  if (one.isPart || input.length + extras.length <= LONGEST_CHARS) return one;
  const { extras: _extras, ...rest } = one.job;
  return { ...one, job: { ...rest, input: '' }, isPart: true };
}

export type HotJobs = ReturnType<typeof createHotJobs>;
