import type { JobStatus } from '@spillway/protocol';

/** The exclusive right of one worker to one attempt. `wireId` is the id under which the job went out. */
export interface Lease {
  readonly workerId: string;
  readonly wireId: string;
  /** Heartbeats push it on; past it the attempt is lost. */
  readonly expiresAt: number;
  /** Start of the attempt plus the execution timeout; `NOT_STARTED` while it only waits elsewhere. */
  readonly deadlineAt: number;
  readonly leaseMs: number;
  /** Heartbeats in a row that did not name this job. */
  readonly misses: number;
}

/**
 * One job with everything that decides its next state. JSON of users (`input`, `output`, `extras`, `progress`) is kept
 * as the text that arrived, so that numbers come back digit for digit.
 */
export interface Job {
  readonly id: string;
  readonly endpoint: string;
  readonly status: JobStatus;
  readonly input: string;
  /** Further top-level keys of the submit that travel to the worker, as one JSON object; absent when there are none. */
  readonly extras?: string | undefined;
  readonly webhook?: string | undefined;
  /** Starts no worker of its own. */
  readonly isLowPriority: boolean;
  /** Higher is delivered first; within one priority, the older. */
  readonly priority: number;
  readonly tags: readonly string[];
  /** Whose key submitted it; absent for the admin's, and where nobody's did. */
  readonly keyId?: string | undefined;
  readonly createdAt: number;
  /** When it was last put in the queue by a caller (submit or retry); delays count from here. */
  readonly queuedAt: number;
  /** Not delivered before; in the future while a retry backs off. */
  readonly availableAt: number;
  /** End of its time to live, queued or running. */
  readonly expiresAt: number;
  readonly executionTimeoutMs: number;
  readonly limits: RetryLimits;
  /** Number of the last attempt; 0 before the first. Never used twice, so it fences reports. */
  readonly attempt: number;
  /** Attempts that ended by a lost worker and count. */
  readonly lostCount: number;
  readonly handlerErrorCount: number;
  /** Shared a worker that died: delivered alone from now on, so that only its own fault counts. */
  readonly isSuspect: boolean;
  readonly lease?: Lease | undefined;
  /** Worker and start of the last attempt. */
  readonly workerId?: string;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly output?: string | undefined;
  readonly progress?: string | undefined;
  readonly error?: string | undefined;
}

/** Further deliveries that a job may get. */
export interface RetryLimits {
  readonly workerLost: number;
  readonly handlerError: number;
}

/** Deadline of an attempt that is placed at a backend which has a queue of its own, and has not begun there. */
export const NOT_STARTED = Number.MAX_SAFE_INTEGER;

/** Whether the job waits elsewhere: for those who ask it is still in the queue. */
export function isPlaced({ lease }: Pick<Job, 'lease'>): boolean {
  return lease !== undefined && lease.deadlineAt === NOT_STARTED;
}
