import type { JobStatus } from '@spillway/protocol';
import type { Job } from './job.ts';
import type { EndedAttempt, JobEvent, Reporter, Transition } from './job-machine.ts';

/**
 * Where jobs are kept. Every write resolves only after it is on disk; each is one operation, and operations that are
 * asked for together may share a transaction (group commit) without sharing their failures. All state changes go
 * through `decideTransition`; a store adds no rules of its own. No SQL exists outside its implementations.
 */
export interface JobStore {
  insert(job: Job): Promise<void>;
  /** Applies one event; undefined when the job is unknown or absorbed it. */
  apply(id: string, event: JobEvent, now: number): Promise<Transition | undefined>;
  /** Leases the oldest ready job of the endpoint to a worker; undefined when there is none for it. */
  take(request: TakeRequest, now: number): Promise<Transition | undefined>;
  get(id: string): Promise<Job | undefined>;
  /** Newest first. */
  list(filter: JobFilter): Promise<JobPage>;
  attempts(id: string): Promise<readonly EndedAttempt[]>;
  /**
   * Adds one streamed chunk if the reporter holds the lease; gives the job's endpoint, or undefined when it was ignored.
   * `number` counts from 0: a chunk that is there already is not added again.
   */
  appendChunk(
    id: string,
    reporter: Reporter,
    chunk: { readonly chunk: string; readonly number?: number | undefined },
    now: number,
  ): Promise<string | undefined>;
  /** Chunks not yet drained, and marks them as drained. Each chunk is returned once in all. */
  drainChunks(id: string): Promise<readonly string[]>;
  /** Chunks from `offset` on, whether drained or not. */
  readChunks(id: string, offset: number): Promise<readonly string[]>;
  /** Ids of jobs whose next deadline is over, at most `limit`. */
  due(now: number, limit: number): Promise<readonly string[]>;
  /** Makes delayed jobs whose time has come ready; returns their endpoints. */
  wakeDelayed(now: number): Promise<readonly string[]>;
  /** Earliest time at which `due` or `wakeDelayed` has something; undefined when nothing waits for time. */
  nextDueAt(): Promise<number | undefined>;
  /** All running jobs, for a restart. */
  running(): Promise<readonly Job[]>;
  /** Ids of jobs that ended before `before` are deleted with all they have, at most `limit`; returns how many. */
  removeEndedBefore(before: number, limit: number): Promise<number>;
  /** Counters without a scan. */
  counts(endpoint: string): QueueCounts;
  /** When the longest waiting ready job that counts for scaling was queued. */
  oldestQueuedAt(endpoint: string): Promise<number | undefined>;
  /** Ready jobs of its endpoint that stand before a queued job; counts to 10 000 at most. */
  jobsAhead(id: string): Promise<number>;
  close(): void;
}

export interface TakeRequest {
  readonly endpoint: string;
  readonly workerId: string;
  readonly leaseMs: number;
  /** False while the worker runs other jobs: a suspect must run alone. */
  readonly acceptsSuspects: boolean;
}

export interface JobFilter {
  readonly endpoint?: string;
  readonly status?: JobStatus;
  readonly limit: number;
  /** From `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** A job in a list: without its values, which may be large. */
export type JobSummary = Omit<Job, 'input' | 'output' | 'progress' | 'extras'>;

export interface JobPage {
  readonly jobs: readonly JobSummary[];
  readonly nextCursor?: string;
}

export interface QueueCounts {
  readonly inQueue: number;
  readonly lowPriorityInQueue: number;
  readonly inProgress: number;
  /** Since the data directory exists. */
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
}
