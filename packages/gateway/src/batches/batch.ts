import type { FinalStatus } from '@spillway/protocol';

/**
 * A batch: many requests for one endpoint, put together as a draft, then run as ordinary jobs. What it is and how it
 * may change stands in `batch-machine.ts`; the words are those of RunPod's batch API.
 */
export const BATCH_STATUSES = ['DRAFT', 'FINALIZED', 'FAILED', 'CANCELLED'] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** RunPod's limits; the last one counts all waiting jobs of the endpoint. */
export const BATCH_LIMITS = { active: 10, requests: 5_000, queued: 50_000 } as const;

/** How many requests are where. A request is in one of them at a time. */
export interface RequestCounts {
  /** Not yet a job. */
  readonly waiting: number;
  /** Its job is queued or runs. */
  readonly submitted: number;
  readonly completed: number;
  /** Ended without a result: failed, timed out or cancelled. */
  readonly failed: number;
}

export interface Batch {
  readonly id: string;
  readonly endpoint: string;
  readonly name?: string;
  readonly status: BatchStatus;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Why the batch as such failed. */
  readonly error?: string;
  readonly requests: RequestCounts;
}

export type RequestState = 'WAITING' | 'SUBMITTED' | FinalStatus;

export interface BatchRequest {
  readonly id: string;
  readonly state: RequestState;
  readonly jobId?: string;
  readonly startedAt?: number;
  readonly completedAt?: number;
  /** JSON as the worker sent it, or what stands for it. */
  readonly output?: string;
  readonly error?: string;
}

export function totalOf({ waiting, submitted, completed, failed }: RequestCounts): number {
  return waiting + submitted + completed + failed;
}

/** Requests that may still run. */
export function openOf({ waiting, submitted }: RequestCounts): number {
  return waiting + submitted;
}
