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
export const LONGEST_KEPT_CHARS = 16 * 1024;

/**
 * Jobs that need no read: all that run, whose leases are renewed here alone, and those that were queued last. The store
 * alone writes its file, so what is here is what the file has, and newer leases.
 */
export function createHotJobs() {
  const running = createCells();
  const queued = createCells();

  function keepQueued(one: StoredJob): void {
    const { id, input, extras = '' } = one.job;
    if (one.isPart || input.length + extras.length > LONGEST_KEPT_CHARS) return;
    queued.set(id, one);
    if (queued.size <= MOST_QUEUED) return;
    queued.deleteOldest();
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
      for (const { job } of running.values()) if ((nextDueAt(job) ?? now + 1) <= now) due.push(job.id);
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

/**
 * Jobs by id, each in a cell that is emptied when the job leaves: a `Map` that outgrew its table leaves the old one
 * behind with all that was in it, linked from one to the next, until a full garbage collection.
 */
function createCells() {
  const cells = new Map<string, { one: StoredJob | undefined }>();
  function remove(id: string): void {
    // Most often there is none: a busy endpoint's jobs do not wait.
    const cell = cells.size === 0 ? undefined : cells.get(id);
    if (!cell) return;
    cell.one = undefined;
    cells.delete(id);
  }
  return {
    get size() {
      return cells.size;
    },
    get: (id: string): StoredJob | undefined => cells.get(id)?.one,
    set(id: string, one: StoredJob): void {
      const cell = cells.get(id);
      if (cell) cell.one = one;
      else cells.set(id, { one });
    },
    delete: remove,
    deleteOldest(): void {
      const [oldest] = cells.keys();
      if (oldest !== undefined) remove(oldest);
    },
    *values(): Generator<StoredJob> {
      for (const { one } of cells.values()) if (one) yield one;
    },
  };
}

/** Without a long input: a worker may hold the job, or the queue keep it, for hours. */
export function slim(one: StoredJob): StoredJob {
  const { input, extras = '' } = one.job;
  if (one.isPart || input.length + extras.length <= LONGEST_KEPT_CHARS) return one;
  const { extras: _extras, ...rest } = one.job;
  return { ...one, job: { ...rest, input: '' }, isPart: true };
}

export type HotJobs = ReturnType<typeof createHotJobs>;
