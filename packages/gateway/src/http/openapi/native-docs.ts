import { embeddingsReplySchema, embeddingsRequestSchema } from '@spillway/protocol';
import {
  cancelledSchema,
  drainingSchema,
  endpointChangeSchema,
  endpointListSchema,
  endpointViewSchema,
  eventSchema,
  gpusSchema,
  JOB_LIMITS,
  jobDetailQuerySchema,
  jobDetailSchema,
  jobPageSchema,
  jobSelectionSchema,
  jobSubmitSchema,
  jobSubmittedSchema,
  keyCreatedSchema,
  keyCreateSchema,
  keyListSchema,
  poolWorkerCreatedSchema,
  poolWorkerCreateSchema,
  retriedSchema,
  workerListSchema,
  workerViewSchema,
} from '@spillway/protocol/v1';
import { z } from 'zod';
import { eventsQuerySchema } from '../event-stream.ts';
import { jobListQuerySchema } from '../job-filter.ts';
import { OPENAI_WAIT } from '../openai/openai-request.ts';
import { NO_CONTENT, ok, type RouteDoc } from './route-doc.ts';
import { openAiErrorSchema } from './runpod-schemas.ts';

/** What the OpenAPI document says of the operations of `/v1`, and of those for operators. */
const idempotencyHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .max(JOB_LIMITS.idempotencyKeyLength)
    .describe('Chosen by the client: a repeated submit under it makes no second job.')
    .optional(),
});

const logQuery = z.object({
  tail: z.coerce.number().int().min(0).default(200).describe('How many of the last lines.'),
  follow: z
    .enum(['true', 'false'])
    .describe(
      'Go on with every further line until the worker ends; of an endpoint those of new workers, too.',
    )
    .optional(),
  format: z
    .enum(['text', 'json'])
    .default('text')
    .describe('`json`: one `{"workerId","line"}` a line (application/x-ndjson).'),
});

const text = (description: string, mediaType: string) => ({ 200: { description, mediaType } });

export const embeddingsDocs = {
  create: {
    ...{
      id: 'createEmbeddings',
      tag: 'Embeddings',
      summary: 'Embed texts and pictures',
      body: embeddingsRequestSchema,
    },
    description:
      'As OpenAI’s clients call it. The model’s name says which endpoint is asked: one of its `embeddingModels` in spillway.yaml, or its own name. More than 16 items become several jobs.',
    query: z.object({
      wait: z.coerce
        .number()
        .int()
        .default(OPENAI_WAIT.default)
        .describe(`Milliseconds to wait, brought within ${OPENAI_WAIT.min} to ${OPENAI_WAIT.max}.`),
    }),
    answers: ok('A vector for each item, in their order.', embeddingsReplySchema),
    error: { description: 'It did not work.', schema: openAiErrorSchema },
  },
} as const satisfies Record<string, RouteDoc>;

export const jobDocs = {
  submit: {
    ...{ id: 'submitJob', tag: 'Jobs', summary: 'Submit a job', body: jobSubmitSchema },
    headers: idempotencyHeaders,
    description:
      'A 201 means that the job is on disk. Repeated under an Idempotency-Key, the first answer comes again with the header `idempotency-replayed: true`.',
    answers: { 201: { description: 'The job; its place is in `Location`.', schema: jobSubmittedSchema } },
  },
  list: {
    ...{ id: 'listJobs', tag: 'Jobs', summary: 'List jobs, newest first', query: jobListQuerySchema },
    answers: ok('One page, without the values of the jobs.', jobPageSchema),
  },
  show: {
    ...{ id: 'showJob', tag: 'Jobs', summary: 'Show a job with its attempts and values' },
    query: jobDetailQuerySchema,
    answers: ok('The job.', jobDetailSchema),
  },
  cancel: {
    ...{ id: 'cancelJob', tag: 'Jobs', summary: 'Cancel a job, queued or running' },
    description: 'A job that has ended stays as it is, and the answer says how.',
    answers: ok('The job as it is now.', jobDetailSchema),
  },
  retry: {
    ...{ id: 'retryJob', tag: 'Jobs', summary: 'Put a FAILED or TIMED_OUT job back in the queue' },
    answers: ok('The job, queued, without its old output.', jobDetailSchema),
  },
  delete: {
    ...{ id: 'deleteJob', tag: 'Jobs', summary: 'Forget a job that has ended', answers: NO_CONTENT },
  },
  cancelMany: {
    ...{ id: 'cancelJobs', tag: 'Jobs', summary: 'Cancel jobs by filter', body: jobSelectionSchema },
    answers: ok('How many were cancelled.', cancelledSchema),
  },
  retryMany: {
    ...{ id: 'retryJobs', tag: 'Jobs', summary: 'Retry jobs by filter', body: jobSelectionSchema },
    answers: ok('How many went back to the queue.', retriedSchema),
  },
  deliveries: {
    ...{ id: 'listDeliveries', tag: 'Jobs', summary: "Show the deliveries of a job's webhook" },
    answers: ok(
      'Deliveries, each with the log of its tries.',
      z.object({
        deliveries: z.array(
          z
            .object({
              id: z.int(),
              jobId: z.string(),
              endpoint: z.string(),
              url: z.string(),
              createdAt: z.int(),
              nextAt: z.int().describe('When it is tried next; absent once it is over.').optional(),
              deliveredAt: z.int().optional(),
              log: z.array(
                z.object({
                  at: z.int(),
                  tookMs: z.int(),
                  status: z.int().optional(),
                  error: z.string().optional(),
                }),
              ),
            })
            .meta({ id: 'Delivery' }),
        ),
      }),
    ),
  },
  redeliver: {
    ...{ id: 'redeliver', tag: 'Jobs', summary: 'Deliver a webhook again' },
    answers: ok('It is tried now.', z.object({ id: z.int(), jobId: z.string() })),
  },
} as const satisfies Record<string, RouteDoc>;

const endpointAnswer = ok('The endpoint as it is now.', endpointViewSchema);

export const endpointDocs = {
  list: {
    ...{ id: 'listEndpoints', tag: 'Endpoints', summary: 'List endpoints' },
    answers: ok('Those that the key is for.', endpointListSchema),
  },
  show: { id: 'showEndpoint', tag: 'Endpoints', summary: 'Show an endpoint', answers: endpointAnswer },
  change: {
    ...{ id: 'changeEndpoint', tag: 'Endpoints', summary: 'Change settings while the gateway runs' },
    description: 'The change lies over `spillway.yaml` and is kept over restarts until it is reset.',
    body: endpointChangeSchema,
    answers: endpointAnswer,
  },
  reset: {
    ...{ id: 'resetEndpoint', tag: 'Endpoints', summary: 'Take every setting back to spillway.yaml' },
    answers: endpointAnswer,
  },
  pause: {
    ...{ id: 'pauseEndpoint', tag: 'Endpoints', summary: 'Deliver no jobs until it is resumed' },
    answers: endpointAnswer,
  },
  resume: {
    ...{ id: 'resumeEndpoint', tag: 'Endpoints', summary: 'Deliver jobs again' },
    answers: endpointAnswer,
  },
  resumeStarts: {
    ...{ id: 'resumeStarts', tag: 'Endpoints', summary: 'Try to start a worker now after failed starts' },
    answers: endpointAnswer,
  },
  drain: {
    ...{ id: 'drainEndpoint', tag: 'Endpoints', summary: 'Let all workers finish and end' },
    description: 'Jobs that wait get fresh workers, unless the endpoint is paused.',
    answers: { 202: { description: 'It has begun.', schema: drainingSchema } },
  },
} as const satisfies Record<string, RouteDoc>;

export const workerDocs = {
  list: {
    ...{ id: 'listWorkers', tag: 'Workers', summary: 'List workers that run, and the last that ended' },
    query: z.object({ endpoint: z.string().optional() }),
    answers: ok('Those of endpoints that the key is for.', workerListSchema),
  },
  show: {
    ...{ id: 'showWorker', tag: 'Workers', summary: 'Show a worker' },
    answers: ok('The worker.', workerViewSchema),
  },
  drain: {
    ...{ id: 'drainWorker', tag: 'Workers', summary: 'Let a worker finish and end' },
    answers: { 202: { description: 'It has begun.', schema: workerViewSchema } },
  },
  logs: {
    ...{ id: 'workerLogs', tag: 'Workers', summary: 'Read what a worker printed', query: logQuery },
    answers: text('Lines.', 'text/plain'),
  },
  endpointLogs: {
    ...{
      id: 'endpointLogs',
      tag: 'Workers',
      summary: "Read what an endpoint's workers printed, and what became of its jobs at RunPod",
    },
    query: logQuery,
    answers: text('Lines.', 'text/plain'),
  },
  createPoolWorker: {
    ...{
      id: 'createPoolWorker',
      tag: 'Workers',
      summary: 'Get a key and environment for a worker elsewhere',
    },
    body: poolWorkerCreateSchema,
    isBodyOptional: true,
    answers: ok('What it needs to connect; the key is shown this once.', poolWorkerCreatedSchema),
  },
} as const satisfies Record<string, RouteDoc>;

export const gpuDocs = {
  list: {
    ...{
      id: 'listGpus',
      tag: 'Workers',
      summary: 'Show graphics cards, what runs on them and who needs them',
    },
    description: 'The cards of the machine that the gateway runs on. RunPod is not asked.',
    answers: ok('As they are now.', gpusSchema),
  },
} as const satisfies Record<string, RouteDoc>;

export const keyDocs = {
  list: {
    ...{ id: 'listKeys', tag: 'Keys', summary: 'List keys, without their secrets' },
    answers: ok('All keys.', keyListSchema),
  },
  create: {
    ...{ id: 'createKey', tag: 'Keys', summary: 'Make a key', body: keyCreateSchema },
    answers: { 201: { description: 'The key; its secret is shown this once.', schema: keyCreatedSchema } },
  },
  delete: { id: 'deleteKey', tag: 'Keys', summary: 'Revoke a key at once', answers: NO_CONTENT },
} as const satisfies Record<string, RouteDoc>;

export const eventDocs = {
  stream: {
    ...{ id: 'streamEvents', tag: 'Events', summary: 'Hear what happens as it happens' },
    description:
      'Server-sent events. The id of the last one, sent as `Last-Event-ID`, continues where a connection broke off; what is too old for that is answered with the event `reset`.',
    query: eventsQuerySchema,
    headers: z.object({ 'Last-Event-ID': z.string().optional() }),
    answers: {
      200: {
        description: 'Events without end; the schema is that of their data.',
        mediaType: 'text/event-stream',
        schema: eventSchema,
      },
    },
  },
} as const satisfies Record<string, RouteDoc>;

const status = z.object({ status: z.literal('ok') });

export const monitoringDocs = {
  live: { id: 'livez', tag: 'Monitoring', summary: 'Does it live?', answers: ok('It does.', status) },
  ready: {
    ...{ id: 'readyz', tag: 'Monitoring', summary: 'Does it take jobs?', answers: ok('It does.', status) },
  },
  metrics: {
    ...{ id: 'metrics', tag: 'Monitoring', summary: "Read metrics in Prometheus' text format" },
    answers: text('Metrics.', 'text/plain; version=0.0.4; charset=utf-8'),
  },
  document: {
    ...{ id: 'openApi', tag: 'Monitoring', summary: 'This document' },
    answers: ok('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })),
  },
  reference: {
    ...{ id: 'reference', tag: 'Monitoring', summary: 'This document as a page' },
    answers: text('The page.', 'text/html; charset=utf-8'),
  },
  page: {
    ...{ id: 'page', tag: 'Monitoring', summary: 'The page that uploads videos and shows what was found' },
    answers: text('The page.', 'text/html; charset=utf-8'),
  },
  pageFile: {
    ...{ id: 'pageFile', tag: 'Monitoring', summary: 'Its files' },
    answers: text('A file of the page.', 'text/javascript; charset=utf-8'),
  },
  referenceScript: {
    ...{ id: 'referenceScript', tag: 'Monitoring', summary: 'The script of that page' },
    answers: text('The script.', 'text/javascript; charset=utf-8'),
  },
} as const satisfies Record<string, RouteDoc>;
