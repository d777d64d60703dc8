import { FINAL_STATUSES, JOB_STATUSES, submitBodySchema } from '@spillway/protocol';
import { signedUrlSchema } from '@spillway/protocol/v1';
import { z } from 'zod';

/** RunPod's shapes, for the OpenAPI document: keys and spellings are RunPod's own. */
const status = z.enum(JOB_STATUSES);
const count = z.int().min(0);

/** A schema of the wire under a name in the document. */
export const runpodSubmitSchema = submitBodySchema.meta({ id: 'RunPodSubmit' });

const ms = (description: string) => z.int().describe(`${description} Milliseconds.`);

const jobFields = {
  delayTime: ms('From the submit to the start.').optional(),
  error: z.string().optional(),
  executionTime: ms('Length of the last attempt.').optional(),
  id: z.string(),
  output: z.unknown().describe('What the handler returned; while it runs, its latest progress.').optional(),
  outputUrl: signedUrlSchema.describe('With `values=url`, in place of an `output` over 256 KiB.').optional(),
  retries: count.describe('How often it was delivered again.').optional(),
  status,
  waitReason: z.object({ code: z.string(), message: z.string() }).optional(),
  workerId: z.string().optional(),
};

export const runpodJobSchema = z.object(jobFields).meta({ id: 'RunPodJob' });

export const runpodSubmittedSchema = z.object({ id: z.string(), status });

export const streamSchema = z
  .object({ status, stream: z.array(z.object({ output: z.unknown() })) })
  .meta({ id: 'RunPodStream' });

const workerCounts = z.object({
  idle: count,
  initializing: count,
  ready: count.describe('Idle and able to take a job at once.'),
  running: count,
  throttled: count,
  unhealthy: count,
});

export const healthSchema = z
  .object({
    jobs: z.object({
      completed: count,
      failed: count,
      inProgress: count,
      inQueue: count,
      retried: count,
    }),
    workers: workerCounts,
  })
  .meta({ id: 'RunPodHealth' });

export const workerSummarySchema = z.object({ readyWorkers: z.array(z.string()), workers: workerCounts });

const { output: _output, outputUrl: _url, waitReason: _reason, ...requestFields } = jobFields;

export const requestListSchema = z.object({
  requests: z.array(z.object({ ...requestFields, createdAt: z.int() })),
  nextCursor: z.string().optional(),
});

export const purgedSchema = z.object({ removed: count, status: z.literal('completed') });

export const takenJobSchema = z
  .looseObject({
    id: z.string(),
    input: z.record(z.string(), z.unknown()),
    _spillway: z.object({ attempt: z.int(), submitter: z.string().optional() }),
  })
  .meta({ id: 'TakenJob' });

export const emptySchema = z.object({});

const batchStatus = z.enum(['DRAFT', 'FINALIZED', 'FAILED', 'CANCELLED']);
const page = { total: count, offset: count, limit: count, hasMore: z.boolean() };

export const batchSchema = z
  .object({
    id: z.string(),
    endpointId: z.string(),
    name: z.string().optional(),
    status: batchStatus,
    requestTotal: count,
    requestInProgress: count,
    requestCompleted: count,
    requestFailed: count,
    createdAt: z.int(),
    error: z.string().optional(),
  })
  .meta({ id: 'Batch' });

export const batchStatusSchema = z.object({
  id: z.string(),
  status: z.enum([...batchStatus.options, 'DELETED']),
});

export const batchListSchema = z.object({ batches: z.array(batchSchema), ...page });

export const batchRequestListSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      jobId: z.string().optional(),
      status: z.enum(['DRAFT', 'IN_QUEUE', 'IN_PROGRESS', ...FINAL_STATUSES]),
      output: z.unknown().optional(),
      error: z.string().optional(),
      startedAt: z.iso.datetime().optional(),
      completedAt: z.iso.datetime().optional(),
    }),
  ),
  ...page,
});

export const openAiErrorSchema = z
  .object({
    error: z.looseObject({
      message: z.string(),
      type: z.string().nullable(),
      param: z.string().nullable(),
      code: z.union([z.string(), z.number()]).nullable(),
    }),
  })
  .meta({ id: 'OpenAiError' });
