import type { Job } from '../job.ts';
import { decideTransition, type Transition } from '../job-machine.ts';
import type { TakeRequest } from '../job-store.ts';
import type { CommitGroup } from './commit-group.ts';
import type { Draft } from './draft.ts';
import type { Overlay } from './overlay.ts';
import { findJob, type StoreParts, writeTransition } from './store-parts.ts';
import { createWaitingTakes, type WaitingTake } from './waiting-takes.ts';

/** Takes of the batch that is being gathered, and how they find jobs. */
export function createJobTakes(parts: StoreParts, group: CommitGroup) {
  const waiting = createWaitingTakes();
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
    take(request: TakeRequest, now: number): Promise<readonly Transition[]> {
      const take = waiting.join(request, now);
      const { offered } = take;
      addComing(request.endpoint, -request.max);
      return group
        .runLast((draft, overlay) => {
          if (waiting.leave(take)) addComing(request.endpoint, request.max);
          return takeSome(parts, draft, overlay, take);
        })
        .then(
          (taken) => (taken.length === 0 ? offered : [...offered, ...taken]),
          (error: unknown) => {
            // What it was given in another operation is its own, and must reach it.
            if (offered.length === 0) throw error;
            return offered;
          },
        );
    },
    /**
     * A new job, leased to the first take of the same batch that has room where no other job waits: so it is written
     * once, as leased.
     */
    offer(draft: Draft, job: Job): Job {
      const take = waiting.firstWithRoom(job.endpoint);
      if (!take || parts.counters.of(job.endpoint).ready > 0) return job;
      const { workerId, leaseMs } = take.request;
      const transition = decideTransition(job, { type: 'leased', workerId, leaseMs }, take.now);
      if (!transition) return job;
      const { offered } = take;
      offered.push(transition);
      draft.onFailed = () => offered.splice(offered.indexOf(transition), 1);
      return transition.after;
    },
  };
}

export type JobTakes = ReturnType<typeof createJobTakes>;

const NONE: readonly Transition[] = [];

function takeSome(
  parts: StoreParts,
  draft: Draft,
  overlay: Overlay,
  { request, now, offered }: WaitingTake,
): readonly Transition[] {
  // Most takes come before their job does.
  if (parts.counters.of(request.endpoint).ready === 0) return NONE;
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
  { endpoint, workerId, leaseMs, acceptsSuspects }: TakeRequest,
  now: number,
): Transition | undefined {
  if (parts.counters.of(endpoint).ready === 0) return undefined;
  // One whose time to live is over stays for the sweep.
  const willDo = (job: Job) =>
    (acceptsSuspects || !job.isSuspect) && job.availableAt <= now && job.expiresAt > now;
  const first = parts.ready.first(endpoint, overlay, ({ job }) => willDo(job));
  if (!first) return undefined;
  // A long input is not kept in the line. It may be on its way to the file yet, and then only the overlay has it.
  const stored = first.isPart ? findJob(parts, overlay, first.job.id, 'whole') : first;
  if (!stored) throw new Error(`the ready job ${first.job.id} is nowhere`);
  const transition = decideTransition(stored.job, { type: 'leased', workerId, leaseMs }, now);
  if (transition) writeTransition(parts, draft, stored, transition, now);
  return transition;
}
