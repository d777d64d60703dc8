import { z } from 'zod';
import type { FailureType } from './failure.ts';

/** Worker states: RunPod's six and our two on the way out. */
export const WORKER_STATES = [
  'initializing',
  'idle',
  'running',
  'throttled',
  'outdated',
  'unhealthy',
  'stopping',
  'stopped',
] as const;

export type WorkerState = (typeof WORKER_STATES)[number];

/** What a worker takes: handed to the handler as it is, so any further key of the submit travels along. */
export interface TakenJob {
  readonly id: string;
  readonly input: Record<string, unknown>;
  readonly webhook?: string;
  readonly s3Config?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** Kinds of failure that a worker itself may report. */
export const REPORTED_FAILURES = [
  'HANDLER_ERROR',
  'INPUT_INVALID',
  'OUTPUT_INVALID',
  'OUT_OF_MEMORY',
] as const satisfies readonly FailureType[];

/**
 * Body of `job-done` (also of a progress report, which says `status: "IN_PROGRESS"`). The presence of the key `error`
 * decides: with it the job FAILED, whatever its type.
 */
export const jobDoneSchema = z.looseObject({
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  status: z.string().optional().catch(undefined),
  /** Our SDK says what kind of error it was; other workers' errors are HANDLER_ERROR. */
  failure: z
    .object({ type: z.enum(REPORTED_FAILURES).catch('HANDLER_ERROR'), isRetryable: z.boolean().optional() })
    .optional()
    .catch(undefined),
  /** The worker wants to be stopped after this job (`refresh_worker`). */
  stopPod: z.boolean().optional().catch(undefined),
});

export type JobDoneBody = z.infer<typeof jobDoneSchema>;

/** Body of `job-stop`. */
export const jobsToStopSchema = z.object({ jobsToStop: z.array(z.string()) });
