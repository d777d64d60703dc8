import { z } from 'zod';

/**
 * The job as RunPod clients see it. RunPod's own spellings (`delayTime`, `executionTimeout`, `ttl`) live in this
 * package only; the gateway maps them to `…Ms` and `…At` names.
 */
export const JOB_STATUSES = [
  'IN_QUEUE',
  'IN_PROGRESS',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TIMED_OUT',
] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

export const FINAL_STATUSES = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'] as const;

export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** True for the four states that end a job; only an explicit retry leaves them. */
export function isFinal(status: JobStatus): status is FinalStatus {
  return (FINAL_STATUSES as readonly string[]).includes(status);
}

/** Limits of a submit body, in bytes. RunPod: 10 MiB on `/run`, 20 MB on `/runsync`. */
export const RUN_BODY_LIMIT_BYTES = 10 * 1024 * 1024;
export const RUNSYNC_BODY_LIMIT_BYTES = 20 * 1024 * 1024;

const DAY_MS = 86_400_000;

/** Bounds and defaults of the execution policy, milliseconds, as RunPod documents them. */
export const POLICY_LIMITS = {
  executionTimeout: { min: 5_000, max: 7 * DAY_MS, default: 600_000 },
  ttl: { min: 10_000, max: 7 * DAY_MS, default: DAY_MS },
} as const;

/** Bounds and default of `?wait=` on the held routes, milliseconds. */
export const WAIT_LIMITS = {
  runsync: { min: 1_000, max: 300_000, default: 90_000 },
  'status-sync': { min: 1_000, max: 300_000, default: 90_000 },
  // Python's client gives up on one request after 10 s: the default must stay below that.
  stream: { min: 1_000, max: 300_000, default: 8_000 },
} as const;

const policySchema = z.looseObject({
  executionTimeout: z
    .number()
    .int()
    .min(POLICY_LIMITS.executionTimeout.min)
    .max(POLICY_LIMITS.executionTimeout.max)
    .optional(),
  ttl: z.number().int().min(POLICY_LIMITS.ttl.min).max(POLICY_LIMITS.ttl.max).optional(),
  lowPriority: z.boolean('expected true or false').optional(),
});

/** Body of `/run` and `/runsync`. `input` must be an object; unknown keys pass through unharmed. */
export const submitBodySchema = z.looseObject({
  input: z.record(z.string(), z.unknown()),
  webhook: z.url({ protocol: /^https?$/, error: 'expected an http or https address' }).optional(),
  policy: policySchema.optional(),
  s3Config: z.record(z.string(), z.unknown()).optional(),
});

export type SubmitBody = z.infer<typeof submitBodySchema>;

/** Why a job is still waiting; an additive field that RunPod's clients ignore. */
export interface WaitReason {
  readonly code:
    | 'WORKER_STARTING'
    | 'WORKERS_BUSY'
    | 'WORKER_CRASH_LOOP'
    | 'NO_WORKERS_ALLOWED'
    | 'AT_RUNPOD'
    | 'NO_POOL_WORKERS'
    | 'SPILLING'
    | 'NO_GPU_MEMORY'
    | 'RETRY_BACKOFF'
    | 'DELAYED'
    | 'PAUSED'
    | 'BUDGET';
  readonly message: string;
}

/** A job in a reply. `output` and `error` are whatever the handler returned. */
export interface JobReply {
  readonly delayTime?: number;
  readonly error?: string;
  readonly executionTime?: number;
  readonly id: string;
  readonly output?: unknown;
  readonly retries?: number;
  readonly status: JobStatus;
  readonly waitReason?: WaitReason;
  readonly workerId?: string;
}

/** Body of `/stream/{id}`: the chunks since the last call (or since `offset`). */
export interface StreamReply {
  readonly status: JobStatus;
  readonly stream: readonly { readonly output: unknown }[];
}
