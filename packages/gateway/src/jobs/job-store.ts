import type { JobStatus } from '@spillway/protocol';
import type { Job } from './job.ts';
import type { EndedAttempt, JobEvent, Reporter, Transition } from './job-machine.ts';
import type { ValueReference } from './large-values/value-reference.ts';

/**
 * Where jobs are kept. Every write resolves only after it is on disk; each is one operation, and operations that are
 * asked for together may share a transaction (group commit) without sharing their failures. All state changes go
 * through `decideTransition`; a store adds no rules of its own. No SQL exists outside its implementations.
 */
export interface JobStore {
  /**
   * With `once`, a second submit under the same key gives the first one's job and adds none. `used` is kept with the job
   * or not at all.
   */
  insert(job: Job, once?: IdempotentSubmit, used?: UsedSignatures): Promise<InsertResult>;
  /** Applies one event; undefined when the job is unknown or absorbed it. */
  apply(id: string, event: JobEvent, now: number): Promise<Transition | undefined>;
  /**
   * Leases the first ready jobs of the endpoint to a worker, `max` at most; none when there is none for it. Jobs that are
   * inserted in the same turn of the event loop are among them.
   */
  take(request: TakeRequest, now: number): Promise<readonly Transition[]>;
  get(id: string): Promise<Job | undefined>;
  /** Newest first. */
  list(filter: JobFilter): Promise<JobPage>;
  attempts(id: string): Promise<readonly EndedAttempt[]>;
  /**
   * Adds one streamed chunk if the reporter holds the lease; gives the job's endpoint, or undefined when it was ignored.
   * `number` counts from 0: a chunk that is there already is not added again.
   */
  appendChunk(id: string, reporter: Reporter, chunk: NewChunk, now: number): Promise<string | undefined>;
  /** What is kept under this reference goes with the job from now on. False where nobody runs it. */
  giveValue(id: string, reference: string): Promise<boolean>;
  /** Whoever had these has no use for them any more. */
  freeValues(references: readonly string[]): Promise<void>;
  /** Chunks not yet drained, and marks them as drained. Each chunk is returned once in all. */
  drainChunks(id: string): Promise<readonly string[]>;
  /** Those of them that are kept beside the rows. */
  largeChunks(id: string): Promise<readonly ValueReference[]>;
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
  /** Ids of queued jobs, ready or delayed, the next to be delivered first. */
  queued(endpoint: string, limit: number): Promise<readonly string[]>;
  /** Deletes an ended job with all it has; false when there is none. `told`: nor one whose webhook is still to go out. */
  remove(id: string, only?: 'told'): Promise<boolean>;
  /**
   * Deletes jobs that ended before `before` with all they have, at most `limit`, and not those whose webhook is still
   * to be delivered; returns how many.
   */
  removeEndedBefore(before: number, limit: number): Promise<number>;
  /** Ready jobs that are asked to be inserted, and that no take waits for yet: a take that is asked for now may get one. */
  coming(endpoint: string): number;
  /** Counters without a scan. */
  counts(endpoint: string): QueueCounts;
  /** When the longest waiting ready job that counts for scaling was queued. */
  oldestQueuedAt(endpoint: string): Promise<number | undefined>;
  /** Ready jobs that have waited long, in the order of delivery. Walks over those that were queued later. */
  waitingSince(query: WaitingQuery): Promise<readonly WaitingJob[]>;
  /** Ready jobs of its endpoint that stand before a queued job; counts to 10 000 at most. */
  jobsAhead(id: string): Promise<number>;
  /** What was asked for before is written. */
  close(): Promise<void>;
}

/** JSON as it arrived, or what stands for it. */
export interface NewChunk {
  readonly chunk: string;
  readonly number?: number | undefined;
}

/** A submit that its caller may repeat. */
export interface IdempotentSubmit {
  readonly key: string;
  /** Hash of what is submitted: the same key with another is a mistake of the caller. */
  readonly fingerprint: string;
}

/** Signatures that a submit uses up. */
export interface UsedSignatures {
  readonly signatures: readonly UsedSignature[];
  /** Those whose time was over before then are forgotten. */
  readonly now: number;
}

export interface UsedSignature {
  readonly signature: string;
  readonly holder: string | undefined;
  readonly until: number;
}

export type InsertResult =
  | { readonly type: 'inserted' }
  | { readonly type: 'repeated'; readonly jobId: string }
  | { readonly type: 'conflict'; readonly jobId: string };

export interface TakeRequest {
  readonly endpoint: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly max: number;
  /** False while the worker runs other jobs: a suspect must run alone. */
  readonly acceptsSuspects: boolean;
}

/** Which waiting jobs are asked for. */
export interface WaitingQuery {
  readonly endpoint: string;
  /** They could be delivered at or before this time. */
  readonly before: number;
  readonly withLowPriority: boolean;
  /** Of their input, with whatever else travels. */
  readonly mostBytes: number;
  readonly limit: number;
  /** Not those that these keys submitted; the admin's key is the empty text. */
  readonly exceptKeys?: readonly string[];
}

export interface WaitingJob {
  readonly id: string;
  /** Since when it could be delivered: its submit, the end of its delay, or its last return to the queue. */
  readonly since: number;
  /** Whose key submitted it; absent for the admin's. */
  readonly keyId?: string;
}

export interface JobFilter {
  readonly endpoint?: string;
  /** Only of these endpoints, none for an empty list; absent: of all. */
  readonly endpoints?: readonly string[];
  readonly status?: JobStatus;
  readonly tag?: string;
  /** Created at or after, and before; epoch milliseconds. */
  readonly since?: number;
  readonly until?: number;
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
  /** All that wait, delayed ones too. */
  readonly inQueue: number;
  /** Those that could be delivered now, and the low-priority ones of them. */
  readonly ready: number;
  readonly lowPriorityReady: number;
  readonly inProgress: number;
  /** Since the data directory exists. */
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
}
