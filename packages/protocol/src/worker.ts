import { z } from 'zod';

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

/**
 * Body of `job-done` (also of a progress report, which says `status: "IN_PROGRESS"`). The presence of the key `error`
 * decides: with it the job FAILED, whatever its type.
 */
export const jobDoneSchema = z.looseObject({
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  status: z.string().optional(),
  /** The worker wants to be stopped after this job (`refresh_worker`). */
  stopPod: z.boolean().optional(),
});

export type JobDoneBody = z.infer<typeof jobDoneSchema>;

/** Body of `job-stop`. */
export const jobsToStopSchema = z.object({ jobsToStop: z.array(z.string()) });
