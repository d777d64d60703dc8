import type { Job } from '../job.ts';
import { decideTransition, type Transition } from '../job-machine.ts';
import type { TakeRequest } from '../job-store.ts';
import type { CommitGroup } from './commit-group.ts';
import type { Draft } from './draft.ts';
import type { StoredJob } from './hot-jobs.ts';
import type { Overlay, ReadyCursor } from './overlay.ts';
import { whole } from './read-job.ts';
import { findJob, type StoreParts, writeTransition } from './store-parts.ts';

interface PendingTake {
  readonly request: TakeRequest;
  readonly now: number;
  /** Jobs of this very batch that were written as leased to it. */
  readonly offered: Transition[];
}

const SMALLEST_LOOK = 8;

/** Takes of the batch that is being gathered, and how they find jobs. */
export function createJobTakes(parts: StoreParts, group: CommitGroup) {
  const waiting = new Set<PendingTake>();
  const coming = new Map<string, number>();
  /** Jobs less the places of takes, of the batch that is being gathered. */
  const addComing = (endpoint: string, added: number) =>
    coming.set(endpoint, (coming.get(endpoint) ?? 0) + added);

  return {
    coming: (endpoint: string): number => coming.get(endpoint) ?? 0,
    /** A ready job is to be inserted; the returned function is called when it is its turn. */
    announce(endpoint: string): () => void {
      addComing(endpoint, 1);
      return () => addComing(endpoint, -1);
    },
    async take(request: TakeRequest, now: number): Promise<readonly Transition[]> {
      const take: PendingTake = { request, now, offered: [] };
      waiting.add(take);
      addComing(request.endpoint, -request.max);
      try {
        const taken = await group.runLast((draft, overlay) => {
          if (waiting.delete(take)) addComing(request.endpoint, request.max);
          return takeSome(parts, draft, overlay, take);
        });
        return [...take.offered, ...taken];
      } catch (error) {
        // What it was given in another operation is its own, and must reach it.
        if (take.offered.length === 0) throw error;
        return take.offered;
      }
    },
    /**
     * A new job, leased to the first take of the same batch that has room where no other job waits: so it is written
     * once, as leased.
     */
    offer(draft: Draft, job: Job): Job {
      if (waiting.size === 0 || parts.counters.of(job.endpoint).ready > 0) return job;
      for (const { request, now, offered } of waiting) {
        const { endpoint, workerId, leaseMs, max } = request;
        if (endpoint !== job.endpoint || offered.length >= max) continue;
        const transition = decideTransition(job, { type: 'leased', workerId, leaseMs }, now);
        if (!transition) continue;
        offered.push(transition);
        draft.onFailed = () => offered.splice(offered.indexOf(transition), 1);
        return transition.after;
      }
      return job;
    },
  };
}

export type JobTakes = ReturnType<typeof createJobTakes>;

function takeSome(
  parts: StoreParts,
  draft: Draft,
  overlay: Overlay,
  { request, now, offered }: PendingTake,
): readonly Transition[] {
  const taken: Transition[] = [];
  let acceptsSuspects = request.acceptsSuspects && offered.length === 0;
  while (offered.length + taken.length < request.max) {
    const one = takeOne(parts, draft, overlay, { ...request, acceptsSuspects }, now);
    if (!one) break;
    taken.push(one);
    // A suspect runs alone, so it is neither followed by others nor taken beside them.
    if (one.after.isSuspect) break;
    acceptsSuspects = false;
  }
  return taken;
}

function takeOne(
  parts: StoreParts,
  draft: Draft,
  overlay: Overlay,
  request: TakeRequest,
  now: number,
): Transition | undefined {
  const { endpoint, workerId, leaseMs } = request;
  // Most takes come before their job does.
  if (parts.counters.of(endpoint).ready === 0) return undefined;
  const expired = new Set<string>();
  for (;;) {
    const staged = firstStaged(overlay, request, expired);
    const onDisk = firstOnDisk(parts, overlay, request);
    const first = staged && onDisk ? earlier(staged, onDisk.stored) : (staged ?? onDisk?.stored);
    if (!first) return undefined;
    if (first === onDisk?.stored) onDisk.cursor.at += 1;
    const stored = whole(parts.sql, first);
    const transition = decideTransition(stored.job, { type: 'leased', workerId, leaseMs }, now);
    if (transition) {
      writeTransition(parts, draft, stored, transition, now);
      return transition;
    }
    // One whose time to live is over stays for the sweep.
    expired.add(stored.job.id);
  }
}

/** Of two ready jobs the one that is delivered first. */
function earlier(a: StoredJob, b: StoredJob): StoredJob {
  if (a.job.priority !== b.job.priority) return a.job.priority > b.job.priority ? a : b;
  return a.seq < b.seq ? a : b;
}

/** Of the jobs that came or came back just now. */
function firstStaged(
  { queued }: Overlay,
  { endpoint, acceptsSuspects }: TakeRequest,
  expired: ReadonlySet<string>,
): StoredJob | undefined {
  let first: StoredJob | undefined;
  for (const stored of queued.values()) {
    const { job } = stored;
    if (job.endpoint !== endpoint || (job.isSuspect && !acceptsSuspects) || expired.has(job.id)) continue;
    first = first ? earlier(first, stored) : stored;
  }
  return first;
}

/** Of those that no batch on its way has changed. */
function firstOnDisk(
  parts: StoreParts,
  overlay: Overlay,
  { endpoint, acceptsSuspects }: TakeRequest,
): { readonly stored: StoredJob; readonly cursor: ReadyCursor } | undefined {
  const statement = acceptsSuspects ? parts.sql.firstReady : parts.sql.firstReadyUnsuspected;
  const key = `${acceptsSuspects} ${endpoint}`;
  let cursor: ReadyCursor | undefined = overlay.ready.get(key);
  for (;;) {
    if (!cursor || (cursor.at >= cursor.ids.length && !cursor.isAll)) {
      const limit: number = Math.max(SMALLEST_LOOK, (cursor?.ids.length ?? 0) * 4);
      const ids = statement.all(endpoint, limit).map((row) => String(row.id));
      cursor = { ids, at: cursor?.at ?? 0, isAll: ids.length < limit };
      overlay.ready.set(key, cursor);
    }
    const id = cursor.ids[cursor.at];
    if (id === undefined) return undefined;
    const stored = overlay.jobs.has(id) ? undefined : findJob(parts, overlay, id, 'whole');
    if (stored) return { stored, cursor };
    cursor.at += 1;
  }
}
