import type { WaitingJob } from '../jobs/job-store.ts';

/**
 * Which waiting jobs go to the remote backend now, as a pure choice. They are taken from the queue one by one, and
 * whoever is first, a worker here or the remote backend, has the job: so a job is never in both places.
 */
export interface RouteInput {
  readonly rule: { readonly queueDelayMs: number; readonly onUnhealthy: boolean };
  /** What the backends here can do. */
  readonly local: LocalView;
  /** Jobs that may be handed over now. */
  readonly room: number;
  /** Jobs that may go there, in the order of delivery; all that wait as long as the rule asks, or more. */
  readonly waiting: readonly WaitingJob[];
  /** Since when the longest waiting job waits, where one does. */
  readonly oldestSince?: number | undefined;
  readonly now: number;
}

export type LocalView =
  /** The endpoint has no backend here. */
  | { readonly type: 'none' }
  /** Workers are there or will be. `freeHands`: those that have nothing to do. */
  | { readonly type: 'able'; readonly freeHands: number }
  /** Nothing here can run a job; `why` is a clause. */
  | { readonly type: 'unable'; readonly why: string };

/** Why an attempt is routed as it is. */
export interface RouteReason {
  readonly code: 'QUEUE_DELAY' | 'LOCAL_UNABLE' | 'ONLY_BACKEND' | 'MOVED_ON';
  readonly message: string;
}

export interface RouteDecision {
  readonly spill: readonly { readonly jobId: string; readonly reason: RouteReason }[];
  /** When time alone may call for the next look. */
  readonly lookAgainAt?: number;
}

/** Where jobs wait that nothing moves now, what moves them may come unseen. */
const LOOK_AGAIN_MS = 500;

/** How long a job must have waited before it may go. */
export function waitNeededMs({ rule, local }: Pick<RouteInput, 'rule' | 'local'>): number {
  const isAtOnce = local.type === 'none' || (local.type === 'unable' && rule.onUnhealthy);
  return isAtOnce ? 0 : rule.queueDelayMs;
}

export function decideRoute(input: RouteInput): RouteDecision {
  const { now, waiting, room, oldestSince } = input;
  const neededMs = waitNeededMs(input);
  const due = waiting.filter(({ since }) => now - since >= neededMs);
  const spill = due
    .slice(0, Math.max(0, room))
    .map(({ id, since }) => ({ jobId: id, reason: reasonOf(input, now - since) }));
  if (oldestSince === undefined) return { spill };
  // One whose time has come already waits for room, or for something else that is not known here.
  const dueAt = oldestSince + neededMs;
  const lookAgainAt = dueAt > now ? Math.min(now + LOOK_AGAIN_MS, dueAt) : now + LOOK_AGAIN_MS;
  return { spill, lookAgainAt };
}

function reasonOf({ local, rule }: RouteInput, waitedMs: number): RouteReason {
  if (local.type === 'none') return { code: 'ONLY_BACKEND', message: 'the endpoint has no backend here' };
  if (local.type === 'unable' && rule.onUnhealthy) {
    return { code: 'LOCAL_UNABLE', message: `nothing here could run it: ${local.why}` };
  }
  const waited = (waitedMs / 1000).toFixed(1);
  return {
    code: 'QUEUE_DELAY',
    message: `it had waited ${waited} s for a worker here, ${rule.queueDelayMs / 1000} s are allowed`,
  };
}
