import type { FinalStatus } from './job.ts';

/** Reason why an attempt ended badly: data that is stored and crosses processes, not something thrown. */
export interface JobFailure {
  readonly type: FailureType;
  readonly message: string;
  /** Last lines of the worker's log, where they help to see why. */
  readonly logTail?: string;
}

interface FailureRule {
  /** Delivered again by default, while deliveries are left. */
  readonly isRetryable: boolean;
  /** State of the job when it is not delivered again. */
  readonly finalStatus: FinalStatus;
}

/** The one table of failures: a new kind is a new row. */
export const FAILURES = {
  HANDLER_ERROR: { isRetryable: false, finalStatus: 'FAILED' },
  INPUT_INVALID: { isRetryable: false, finalStatus: 'FAILED' },
  OUTPUT_INVALID: { isRetryable: false, finalStatus: 'FAILED' },
  OUT_OF_MEMORY: { isRetryable: false, finalStatus: 'FAILED' },
  WORKER_CRASHED: { isRetryable: true, finalStatus: 'FAILED' },
  LEASE_EXPIRED: { isRetryable: true, finalStatus: 'FAILED' },
  ARTIFACT_UNAVAILABLE: { isRetryable: true, finalStatus: 'FAILED' },
  EXECUTION_TIMEOUT: { isRetryable: false, finalStatus: 'FAILED' },
  TTL_EXPIRED: { isRetryable: false, finalStatus: 'TIMED_OUT' },
  CANCELLED: { isRetryable: false, finalStatus: 'CANCELLED' },
} as const satisfies Record<string, FailureRule>;

export type FailureType = keyof typeof FAILURES;
