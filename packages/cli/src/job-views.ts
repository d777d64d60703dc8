import type { JobFailure, JobStatus, WaitReason } from '@spillway/protocol';
import { style } from './output.ts';

/** What the gateway's own API tells about jobs (times in epoch milliseconds). */
export interface JobView {
  readonly id: string;
  readonly endpoint: string;
  readonly status: JobStatus;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly attempt: number;
  readonly workerId?: string;
  readonly error?: string;
  readonly waitReason?: WaitReason;
}

export interface JobDetail extends JobView {
  readonly attempts: readonly AttemptView[];
  readonly input: unknown;
  readonly output?: unknown;
  readonly progress?: unknown;
}

/** One ended try at the job. */
export interface AttemptView {
  readonly number: number;
  readonly workerId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: string;
  readonly failure?: JobFailure;
}

const STATUS_STYLES = {
  IN_QUEUE: 'yellow',
  IN_PROGRESS: 'cyan',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLED: 'dim',
  TIMED_OUT: 'red',
} as const satisfies Record<JobStatus, string>;

export function statusText(status: JobStatus): string {
  return style(STATUS_STYLES[status] ?? 'bold', status);
}
