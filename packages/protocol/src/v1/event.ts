import { z } from 'zod';
import { JOB_STATUSES } from '../job.ts';
import { WORKER_STATES } from '../worker.ts';

/** What `/v1/events` tells as it happens. */
const JOB_EVENTS = [
  'job.queued',
  'job.started',
  'job.progress',
  'job.chunk',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'job.timed_out',
  /** Back in the queue: retried by somebody, or to be delivered again. */
  'job.retried',
] as const;

const ENDPOINT_EVENTS = [
  'endpoint.changed',
  'endpoint.reset',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.starts_resumed',
] as const;

const base = {
  id: z.string().describe('For `Last-Event-ID`.'),
  at: z.int().describe('Epoch milliseconds.'),
  endpoint: z.string(),
};

const jobEventSchema = z
  .object({
    ...base,
    type: z.enum(JOB_EVENTS),
    jobId: z.string(),
    status: z.enum(JOB_STATUSES).optional(),
    attempt: z.int().optional(),
    workerId: z.string().optional(),
    error: z.string().describe('Its first 500 characters.').optional(),
    reason: z.string().describe('Why the job went back to the queue.').optional(),
    progress: z.unknown().describe('Left out when it is over 1 KiB.').optional(),
  })
  .meta({ id: 'JobEvent' });

const workerEventSchema = z
  .object({
    ...base,
    type: z.enum(WORKER_STATES.map((state) => `worker.${state}` as const)),
    workerId: z.string(),
    reason: z.string().describe('Why it ends, or what is wrong with it.').optional(),
  })
  .meta({ id: 'WorkerEvent' });

const endpointEventSchema = z
  .object({ ...base, type: z.enum(ENDPOINT_EVENTS) })
  .meta({ id: 'EndpointEvent' });

/** A threshold of a budget was reached. */
const budgetEventSchema = z
  .object({
    id: z.string().describe('For `Last-Event-ID`.'),
    at: z.int().describe('Epoch milliseconds.'),
    type: z.literal('budget.alert'),
    endpoint: z.string().describe('Whose budget it is; empty for one of all endpoints.'),
    budget: z.string(),
    percent: z.int().describe('The threshold.'),
    reason: z.string().describe('A sentence for people.'),
  })
  .meta({ id: 'BudgetEvent' });

/** Events were missed: what was known has to be listed anew. The stream goes on behind it. */
const resetEventSchema = z
  .object({
    id: z.string(),
    type: z.literal('reset'),
    at: z.int(),
    reason: z.enum(['unknown_id', 'too_slow']),
    message: z.string(),
  })
  .meta({ id: 'ResetEvent' });

export const eventSchema = z
  .union([jobEventSchema, workerEventSchema, endpointEventSchema, budgetEventSchema, resetEventSchema])
  .meta({ id: 'Event' });

export type JobEvent = z.infer<typeof jobEventSchema>;
export type WorkerEvent = z.infer<typeof workerEventSchema>;
export type EndpointEvent = z.infer<typeof endpointEventSchema>;
export type BudgetEvent = z.infer<typeof budgetEventSchema>;
export type ResetEvent = z.infer<typeof resetEventSchema>;
export type GatewayEvent = z.infer<typeof eventSchema>;
