import type { Job } from './job.ts';
import type { EndedAttempt } from './job-machine.ts';

/** What one ended attempt cost, as it is written with the attempt's end. */
export interface UsageRow {
  readonly jobId: string;
  readonly number: number;
  readonly endpoint: string;
  /** Absent: the admin's key. */
  readonly keyId?: string | undefined;
  readonly tags: readonly string[];
  /** Kind of the backend that ran it. */
  readonly backend: string;
  readonly workerId: string;
  /** The worker's id at RunPod. */
  readonly remoteWorker?: string | undefined;
  readonly priceClass?: string | undefined;
  /** Millionths of a dollar; absent where the price is not known. */
  readonly microsPerHour?: number | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: EndedAttempt['outcome'];
  /** Its share of its worker's time. */
  readonly busyMs: number;
  /** Whole seconds that it is charged for. */
  readonly seconds: number;
  readonly costMicros?: number | undefined;
}

/**
 * Says what an ended attempt cost. Asked while the end is decided, so that the row is written in the same transaction;
 * may be asked again for the same end.
 */
export interface AttemptMeter {
  /** Undefined where it costs nothing: its job's own rows tell of it then. `job`: as it was while it ran. */
  rowOf(job: Job, ended: EndedAttempt): UsageRow | undefined;
  /** Whether attempts of the endpoint may cost something. */
  isMetered(endpoint: string): boolean;
}
