import type { FinalStatus } from '@spillway/protocol';
import type { Batch, BatchRequest } from './batch.ts';
import type { BatchDecision, BatchEvent } from './batch-machine.ts';

/**
 * Where batches are kept. Every write is one transaction and resolves only after it is on disk. Changes of a batch go
 * through `decideBatch`. No SQL exists outside its implementations.
 */
export interface BatchStore {
  create(batch: NewBatch, requests: readonly NewRequest[]): Promise<void>;
  /** Decides and applies; undefined when there is no such batch. `batch` is as it then is. */
  apply(id: string, change: BatchChange): Promise<{ decision: BatchDecision; batch: Batch } | undefined>;
  get(id: string): Promise<Batch | undefined>;
  /** Newest first. */
  list(endpoint: string, page: Page): Promise<{ batches: readonly Batch[]; total: number }>;
  /** Drafts, and batches with open requests. */
  countActive(endpoint: string): Promise<number>;
  /** Requests of the endpoint that are about to become jobs. */
  countWaiting(endpoint: string): Promise<number>;
  request(batchId: string, requestId: string): Promise<BatchRequest | undefined>;
  /** In the order in which they were added. */
  requests(batchId: string, page: Page): Promise<readonly BatchRequest[]>;
  /** Requests of finalized batches that are no jobs yet, the oldest first, of about `chars` in all but at least one. */
  waiting(limit: number, chars: number): Promise<readonly WaitingRequest[]>;
  /** Requests that became jobs. Twice is as good as once. */
  submitted(entries: readonly { readonly requestId: string; readonly jobId: string }[]): Promise<void>;
  /** All jobs of batches that have not ended as far as it is recorded, for a restart. */
  openJobs(): Promise<readonly OpenJob[]>;
  /** Applies reports in their order. Twice is as good as once. Answers which reopened jobs belong to a batch. */
  record(reports: readonly JobReport[]): Promise<readonly OpenJob[]>;
}

export interface NewBatch {
  readonly id: string;
  readonly endpoint: string;
  readonly createdAt: number;
  /** Whose costs its jobs are; absent: the admin's. */
  readonly keyId?: string | undefined;
}

export interface NewRequest {
  readonly id: string;
  /** A submit as it arrived. */
  readonly body: string;
}

/** An event with what it brings. */
export type BatchChange =
  | (BatchEvent & { readonly type: 'added'; readonly requests: readonly NewRequest[] })
  | (BatchEvent & { readonly type: 'removed'; readonly requestId: string })
  | (BatchEvent & { readonly type: 'cancelled' | 'endpoint-gone'; readonly now: number })
  | Extract<BatchEvent, { readonly type: 'named' | 'finalized' | 'deleted' }>;

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

export interface WaitingRequest {
  readonly id: string;
  readonly batchId: string;
  readonly endpoint: string;
  readonly body: string;
  /** Whose costs it is. */
  readonly keyId?: string;
}

export interface OpenJob {
  readonly jobId: string;
  readonly batchId: string;
  readonly isCancelled: boolean;
}

/** What became of a request: of one with a job by the job's id, of one that could not become a job by its own. */
export type JobReport =
  | ({ readonly type: 'ended'; readonly jobId: string } & RequestEnd)
  | ({ readonly type: 'refused'; readonly requestId: string } & RequestEnd)
  /** The job was retried by hand: its result is gone, and another one comes. */
  | { readonly type: 'reopened'; readonly jobId: string };

export interface RequestEnd {
  readonly state: FinalStatus;
  readonly startedAt?: number;
  readonly completedAt: number;
  readonly output?: string;
  readonly error?: string;
}
