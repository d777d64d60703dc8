import { z } from 'zod';
import { JOB_STATUSES, POLICY_LIMITS } from '../job.ts';
import { signedUrlSchema } from './artifact.ts';

/**
 * Jobs as `/v1` speaks of them: one schema for the gateway's checks, the OpenAPI document and the client's types. Times
 * are epoch milliseconds (`…At`), durations milliseconds (`…Ms`); only `policy` keeps RunPod's spellings.
 */
const DAY_MS = 86_400_000;

export const JOB_LIMITS = {
  priority: { min: -1000, max: 1000 },
  delayMs: { min: 0, max: 30 * DAY_MS },
  /** Tags of one job, and characters of one tag. */
  tags: 20,
  tagLength: 128,
  idempotencyKeyLength: 255,
  /** Jobs on one page of a list. */
  page: { min: 1, max: 500, default: 50 },
} as const;

const at = (description: string) => z.int().describe(`${description} Epoch milliseconds.`);
const tag = z.string().min(1).max(JOB_LIMITS.tagLength);
const status = z.enum(JOB_STATUSES);

const policy = z
  .strictObject({
    executionTimeout: z
      .int()
      .min(POLICY_LIMITS.executionTimeout.min)
      .max(POLICY_LIMITS.executionTimeout.max)
      .describe('Milliseconds that one attempt may run.')
      .optional(),
    ttl: z
      .int()
      .min(POLICY_LIMITS.ttl.min)
      .max(POLICY_LIMITS.ttl.max)
      .describe('Milliseconds that the job may exist, queued or running.')
      .optional(),
    lowPriority: z.boolean().describe('Starts no worker of its own.').optional(),
  })
  .describe("RunPod's execution policy.");

/** Body of `POST /v1/jobs`. */
export const jobSubmitSchema = z
  .strictObject({
    endpoint: z.string().min(1).describe('Name of the endpoint that runs the job.'),
    input: z.record(z.string(), z.unknown()).describe('What the handler gets, digit for digit.'),
    priority: z
      .int()
      .min(JOB_LIMITS.priority.min)
      .max(JOB_LIMITS.priority.max)
      .describe('Higher is delivered first; 0 unless given.')
      .optional(),
    delayMs: z
      .int()
      .min(JOB_LIMITS.delayMs.min)
      .max(JOB_LIMITS.delayMs.max)
      .describe('Milliseconds before it may be delivered; its time to live counts from then.')
      .optional(),
    tags: z.array(tag).max(JOB_LIMITS.tags).describe('Words to find it by.').optional(),
    policy: policy.optional(),
    webhook: z
      .url({ protocol: /^https?$/, error: 'expected an http or https address' })
      .describe('Is sent the finished job.')
      .optional(),
    s3Config: z
      .record(z.string(), z.unknown())
      .describe("Passed on to the worker, as RunPod's is.")
      .optional(),
  })
  .meta({ id: 'JobSubmit' });

export type JobSubmit = z.infer<typeof jobSubmitSchema>;

const waitReasonSchema = z
  .object({ code: z.string(), message: z.string().describe('A sentence for people.') })
  .describe('Why a queued job still waits.')
  .meta({ id: 'WaitReason' });

const jobFields = {
  id: z.string(),
  endpoint: z.string(),
  status,
  priority: z.int(),
  isLowPriority: z.boolean(),
  tags: z.array(z.string()),
  createdAt: at('When it was submitted.'),
  availableAt: at('It is not delivered before.'),
  expiresAt: at('End of its time to live.'),
  startedAt: at('Start of its last attempt.').optional(),
  finishedAt: at('When it reached its final state.').optional(),
  attempt: z.int().describe('Number of its last attempt; 0 before the first.'),
  workerId: z.string().describe('Worker of its last attempt.').optional(),
  error: z.string().optional(),
  waitReason: waitReasonSchema.optional(),
};

/** A job in a list: without its values, which may be large. */
export const jobViewSchema = z.object(jobFields).meta({ id: 'Job' });

export type JobView = z.infer<typeof jobViewSchema>;

/** Answer to a submit; a repeated submit under the same Idempotency-Key is answered with the same. */
export const jobSubmittedSchema = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    status: z.enum(['IN_QUEUE', 'FAILED']).describe('FAILED where its signature was refused.'),
    createdAt: at('When it was submitted.'),
  })
  .meta({ id: 'JobSubmitted' });

export type JobSubmitted = z.infer<typeof jobSubmittedSchema>;

const ATTEMPT_OUTCOMES = [
  'running',
  'completed',
  'failed',
  'lost',
  'handed-back',
  'cancelled',
  'timed-out',
] as const;

/** What is left at RunPod of an attempt. */
const REMOTE_STATES = ['open', 'to-cancel', 'unseen', 'over'] as const;

export const attemptViewSchema = z
  .object({
    number: z.int(),
    workerId: z.string(),
    startedAt: at('Its start.'),
    endedAt: at('Its end; absent while it runs.').optional(),
    outcome: z.enum(ATTEMPT_OUTCOMES),
    failure: z
      .object({
        type: z.string(),
        message: z.string(),
        logTail: z.string().describe('Last lines of the worker that was lost.').optional(),
      })
      .optional(),
    logTail: z.string().describe('Last lines of the worker that runs it now.').optional(),
    route: z
      .object({
        backend: z.string().describe('`local` or `runpod`.'),
        code: z.string(),
        message: z.string().describe('Why it was routed so, as a clause.'),
        remoteEndpoint: z.string().describe('Endpoint at RunPod.').optional(),
        remoteId: z.string().describe('Id of the job there.').optional(),
        there: z
          .enum(REMOTE_STATES)
          .describe(
            'What is left of it at RunPod. `open`: it goes on. `to-cancel`: it counts for nothing any more and is yet to be cancelled there. `unseen`: its submit went out and no answer came, so RunPod may run it; that counts for nothing, is cancelled once RunPod tells of it, and ends by the times that the submit carried. `over`: nothing.',
          )
          .optional(),
        mayRunUntil: at('While it is `unseen`: it has ended there at the latest.').optional(),
      })
      .describe('Where it ran and why, for an endpoint with `runpod` among its backends.')
      .optional(),
    cost: z
      .object({
        seconds: z.int().describe('Whole seconds that it is charged for.'),
        priceClass: z.string().optional(),
        micros: z
          .int()
          .describe('Millionths of a US dollar; absent where the price is not known.')
          .optional(),
      })
      .describe('What it cost, where it ran in a worker that costs something and has ended.')
      .optional(),
  })
  .describe('One try at a job.')
  .meta({ id: 'Attempt' });

export type AttemptView = z.infer<typeof attemptViewSchema>;

/** One job with all it has. */
export const jobDetailSchema = z
  .object({
    ...jobFields,
    attempts: z.array(attemptViewSchema),
    input: z.unknown().optional(),
    output: z.unknown().optional(),
    inputUrl: signedUrlSchema
      .describe('With `values=url`, in place of an input over 256 KiB: where it can be read for an hour.')
      .optional(),
    outputUrl: signedUrlSchema
      .describe('With `values=url`, in place of an output over 256 KiB: where it can be read for an hour.')
      .optional(),
    progress: z.unknown().describe('Latest progress while it runs.').optional(),
  })
  .meta({ id: 'JobDetail' });

export type JobDetail = z.infer<typeof jobDetailSchema>;

export const jobDetailQuerySchema = z.strictObject({
  values: z
    .enum(['whole', 'url'])
    .default('whole')
    .describe('`url`: signed URLs in place of inputs and outputs over 256 KiB.'),
});

export const jobPageSchema = z
  .object({
    jobs: z.array(jobViewSchema),
    nextCursor: z.string().describe('For the next page; absent on the last.').optional(),
  })
  .meta({ id: 'JobPage' });

export type JobPage = z.infer<typeof jobPageSchema>;

/** Epoch milliseconds, or a date such as `2026-11-20T08:00:00Z`. */
const moment = z
  .union([z.int().min(0), z.iso.datetime({ offset: true }), z.iso.date()])
  .describe('Epoch milliseconds, or a date such as 2026-11-20T08:00:00Z.');

/** Which jobs a bulk operation is for: those that all given filters fit. */
export const jobSelectionSchema = z
  .strictObject({
    ids: z.array(z.string()).min(1).max(1000).optional(),
    endpoint: z.string().optional(),
    status: status.optional(),
    tag: tag.optional(),
    since: moment.optional(),
    until: moment.optional(),
    all: z.literal(true).describe('Every job; needed where no filter is given.').optional(),
  })
  .meta({ id: 'JobSelection' });

export type JobSelection = z.infer<typeof jobSelectionSchema>;

export const cancelledSchema = z.object({ cancelled: z.int() });
export const retriedSchema = z.object({ retried: z.int() });
