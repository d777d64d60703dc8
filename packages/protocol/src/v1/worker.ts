import { z } from 'zod';
import { WORKER_STATES } from '../worker.ts';

/** A worker as `/v1` shows it, running or ended a while ago. */
export const workerViewSchema = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    backend: z.string().describe('`process`, `container`, or `pool` for one that connected by itself.'),
    state: z.enum(WORKER_STATES),
    preparing: z.string().describe('What goes before its start, such as pulling its image.').optional(),
    pid: z.int().optional(),
    gpu: z
      .object({
        cards: z.array(z.string()).describe('UUIDs of its cards; none where it may use none.'),
        memoryBytes: z.int().min(0).describe('Kept for it on each of them.'),
      })
      .describe('Where it was put. Absent: it sees what the machine has.')
      .optional(),
    remoteAddress: z.string().describe('Where a `pool` worker calls from.').optional(),
    software: z.string().describe('What a `pool` worker runs on, such as `Spillway-SDK/0.1.0`.').optional(),
    lastSeenAt: z.int().describe('Last sign of life of a `pool` worker.').optional(),
    startedAt: z.int(),
    readyAt: z.int().describe('When it first asked for a job.').optional(),
    idleSince: z.int().optional(),
    stoppedAt: z.int().optional(),
    jobs: z.int().min(0).describe('Jobs that it holds.'),
    stopReason: z.string().describe('Why the gateway ends it.').optional(),
    problem: z.string().describe('What went wrong with it.').optional(),
    exit: z
      .object({
        code: z.int().nullable(),
        signal: z.string().nullable(),
        problem: z.string().describe('What is known beyond them.').optional(),
      })
      .optional(),
  })
  .meta({ id: 'Worker' });

export type WorkerView = z.infer<typeof workerViewSchema>;

export const workerListSchema = z.object({ workers: z.array(workerViewSchema) });

/** Body of `POST /v1/endpoints/{name}/pool-workers`. */
export const poolWorkerCreateSchema = z
  .strictObject({
    name: z.string().min(1).max(100).describe('Name of the key that is made for it.').optional(),
    origin: z
      .url({ protocol: /^https?$/, error: 'expected an http or https address' })
      .describe('Address under which the worker reaches the gateway; absent: the one that the gateway knows.')
      .optional(),
  })
  .meta({ id: 'PoolWorkerCreate' });

/** What a worker from elsewhere needs to connect: shown this once, since it holds the key. */
export const poolWorkerCreatedSchema = z
  .object({
    endpoint: z.string(),
    workerId: z.string(),
    origin: z.string(),
    keyId: z.string(),
    env: z.record(z.string(), z.string()).describe('The environment of one worker process.'),
  })
  .meta({ id: 'PoolWorkerCreated' });

export type PoolWorkerCreated = z.infer<typeof poolWorkerCreatedSchema>;
