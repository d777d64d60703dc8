import { jobDoneSchema, jobsToStopSchema, WAIT_LIMITS } from '@spillway/protocol';
import { z } from 'zod';
import { jobListQuerySchema } from '../job-filter.ts';
import { type AnswerDoc, ok, type RouteDoc } from './route-doc.ts';
import {
  batchListSchema,
  batchRequestListSchema,
  batchSchema,
  batchStatusSchema,
  emptySchema,
  healthSchema,
  openAiErrorSchema,
  purgedSchema,
  requestListSchema,
  runpodJobSchema,
  runpodSubmitSchema,
  runpodSubmittedSchema,
  streamSchema,
  takenJobSchema,
  workerSummarySchema,
} from './runpod-schemas.ts';

/** What the OpenAPI document says of RunPod's operations. */
const TAG = 'RunPod jobs';

const wait = ({ min, max, default: fallback }: (typeof WAIT_LIMITS)['runsync' | 'stream']) =>
  z.object({
    wait: z.coerce
      .number()
      .int()
      .default(fallback)
      .describe(`Milliseconds to hold the answer, brought within ${min} to ${max}.`),
  });

const job = ok('The job.', runpodJobSchema);

const values = z.object({
  values: z
    .enum(['whole', 'url'])
    .describe('`url`: `outputUrl` in place of an output over 256 KiB.')
    .optional(),
});

export const runpodDocs = {
  run: {
    ...{ id: 'run', tag: TAG, summary: 'Submit a job', body: runpodSubmitSchema },
    answers: ok('The job is on disk.', runpodSubmittedSchema),
  },
  runsync: {
    ...{ id: 'runSync', tag: TAG, summary: 'Submit a job and wait for its end', body: runpodSubmitSchema },
    query: wait(WAIT_LIMITS.runsync),
    answers: ok('The job, ended or as it is when the wait is over.', runpodJobSchema),
  },
  status: {
    ...{ id: 'status', tag: TAG, summary: 'Show a job', answers: job },
    query: values.extend({
      ttl: z.coerce
        .number()
        .min(0)
        .describe('Milliseconds after which a job that has ended is forgotten, if not before.')
        .optional(),
    }),
  },
  statusSync: {
    ...{ id: 'statusSync', tag: TAG, summary: 'Show a job when it has ended', answers: job },
    query: wait(WAIT_LIMITS['status-sync']).extend(values.shape),
  },
  stream: {
    ...{ id: 'stream', tag: TAG, summary: 'Read what a job has yielded since the last call' },
    query: wait(WAIT_LIMITS.stream).extend({
      offset: z.coerce
        .number()
        .int()
        .min(0)
        .describe('Chunks to skip; with it nothing is used up, and several may read.')
        .optional(),
    }),
    answers: ok('Chunks.', streamSchema),
  },
  cancel: { id: 'cancel', tag: TAG, summary: 'Cancel a job, queued or running', answers: job },
  retry: {
    ...{ id: 'retry', tag: TAG, summary: 'Put a FAILED or TIMED_OUT job back in the queue' },
    answers: ok('It is queued.', runpodSubmittedSchema),
  },
  purge: {
    ...{ id: 'purgeQueue', tag: TAG, summary: 'Cancel everything that waits' },
    answers: ok('How many were cancelled.', purgedSchema),
  },
  health: {
    ...{ id: 'health', tag: TAG, summary: 'Count jobs and workers' },
    answers: ok('Counts.', healthSchema),
  },
  metrics: {
    ...{ id: 'workerSummary', tag: TAG, summary: 'Count workers, and name the ready ones' },
    answers: ok('Counts.', workerSummarySchema),
  },
  requests: {
    ...{ id: 'requests', tag: TAG, summary: 'List jobs, newest first' },
    description: "RunPod leaves the shape of this open; it is Spillway's own.",
    query: jobListQuerySchema.pick({ status: true, limit: true, cursor: true }),
    answers: ok('One page.', requestListSchema),
  },
  openai: {
    ...{ id: 'openai', tag: TAG, summary: "OpenAI's API, where the worker speaks it" },
    description:
      'Each call is a job whose input has `openai_route` and `openai_input`. Errors have the form of OpenAI.',
    answers: { 200: { description: 'Whatever the worker answers; with `stream: true` server-sent events.' } },
    error: { description: 'It did not work.', schema: openAiErrorSchema },
  },
} as const satisfies Record<string, RouteDoc>;

const BATCHES = 'RunPod batches';
const batch = ok('The batch.', batchSchema);
const batchStatus = ok('Its status.', batchStatusSchema);
const page = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
});
const requests = z.array(runpodSubmitSchema);

export const batchDocs = {
  create: {
    ...{ id: 'createBatch', tag: BATCHES, summary: 'Make a draft of a batch', answers: batchStatus },
    body: z.object({ requests: requests.optional() }),
    isBodyOptional: true,
  },
  list: {
    ...{ id: 'listBatches', tag: BATCHES, summary: 'List batches', query: page },
    answers: ok('One page.', batchListSchema),
  },
  show: { id: 'showBatch', tag: BATCHES, summary: 'Show a batch', answers: batch },
  rename: {
    ...{ id: 'renameBatch', tag: BATCHES, summary: 'Name a batch', answers: batch },
    body: z.object({ name: z.string().min(1).max(200) }),
  },
  delete: {
    ...{ id: 'deleteBatch', tag: BATCHES, summary: 'Forget a batch', answers: batchStatus },
  },
  finalize: {
    ...{ id: 'finalizeBatch', tag: BATCHES, summary: 'Run a batch', answers: batchStatus },
  },
  cancel: {
    ...{ id: 'cancelBatch', tag: BATCHES, summary: 'Cancel what is left of a batch', answers: batchStatus },
  },
  add: {
    ...{ id: 'addBatchRequests', tag: BATCHES, summary: 'Add requests to a draft', answers: batch },
    body: z.object({ requests }),
  },
  requests: {
    ...{ id: 'listBatchRequests', tag: BATCHES, summary: 'List the requests of a batch', query: page },
    answers: ok('One page, with results.', batchRequestListSchema),
  },
  remove: {
    ...{ id: 'removeBatchRequest', tag: BATCHES, summary: 'Take a request out of a draft', answers: batch },
  },
} as const satisfies Record<string, RouteDoc>;

const WORKERS = 'RunPod workers';
const nothing: AnswerDoc = { description: 'Nothing came while the answer was held.' };
const taken = ok('Accepted; a late or unknown report changes nothing.', emptySchema);

export const workerProtocolDocs = {
  take: {
    ...{ id: 'jobTake', tag: WORKERS, summary: 'Take a job, or wait for one' },
    answers: { 200: { description: 'A job.', schema: takenJobSchema }, 204: nothing },
  },
  takeBatch: {
    ...{ id: 'jobTakeBatch', tag: WORKERS, summary: 'Take several jobs, or wait for one' },
    query: z.object({ batch_size: z.coerce.number().int().min(1).max(256).default(1) }),
    answers: { 200: { description: 'Jobs.', schema: z.array(takenJobSchema) }, 204: nothing },
  },
  stop: {
    ...{ id: 'jobStop', tag: WORKERS, summary: 'Hear which jobs to stop' },
    answers: { 200: { description: 'Jobs to stop.', schema: jobsToStopSchema }, 204: nothing },
  },
  done: {
    ...{ id: 'jobDone', tag: WORKERS, summary: 'Report a result, a failure or progress', answers: taken },
    body: jobDoneSchema,
  },
  stream: {
    ...{ id: 'jobStream', tag: WORKERS, summary: 'Add a chunk to what a job yields', answers: taken },
    body: z.looseObject({ output: z.unknown() }),
  },
  ping: {
    ...{
      id: 'ping',
      tag: WORKERS,
      summary: 'Say that the worker lives, and which jobs it runs',
      answers: taken,
    },
    query: z.object({ job_id: z.string().describe('Ids of the jobs it runs, with commas.').optional() }),
  },
} as const satisfies Record<string, RouteDoc>;
