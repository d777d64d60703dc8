import { z } from 'zod';
import { POLICY_LIMITS } from '../job.ts';
import { warmWindowSchema } from './warm-window.ts';

/**
 * Endpoints as `/v1` shows and changes them. `spillway.yaml` is the base; a change made by API lies over it until it is
 * reset, and is shown beside the file's value.
 */
const DAY_MS = 86_400_000;

/** Bounds of the settings that can be changed live; those of `spillway.yaml`. Durations in milliseconds. */
export const SETTING_LIMITS = {
  workers: { min: 0, max: 1000 },
  idleTimeoutMs: { min: 1_000, max: 3_600_000 },
  queueDelayMs: { min: 500, max: 3_600_000 },
  requestCount: { min: 1, max: 10_000 },
  executionTimeoutMs: POLICY_LIMITS.executionTimeout,
  ttlMs: POLICY_LIMITS.ttl,
  initTimeoutMs: { min: 100, max: DAY_MS },
  retries: { min: 0, max: 10 },
  cancelGraceMs: { min: 0, max: 600_000 },
} as const;

const within = ({ min, max }: { readonly min: number; readonly max: number }) => z.int().min(min).max(max);

const scaling = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('QUEUE_DELAY'), queueDelayMs: within(SETTING_LIMITS.queueDelayMs) }),
  z.strictObject({ type: z.literal('REQUEST_COUNT'), requestCount: within(SETTING_LIMITS.requestCount) }),
]);

const workerFields = {
  min: within(SETTING_LIMITS.workers),
  max: within(SETTING_LIMITS.workers),
  idleTimeoutMs: within(SETTING_LIMITS.idleTimeoutMs),
  warm: z.array(warmWindowSchema),
};
const retryFields = {
  workerLost: within(SETTING_LIMITS.retries),
  handlerError: within(SETTING_LIMITS.retries),
};
const durations = {
  executionTimeoutMs: within(SETTING_LIMITS.executionTimeoutMs),
  ttlMs: within(SETTING_LIMITS.ttlMs),
  initTimeoutMs: within(SETTING_LIMITS.initTimeoutMs),
  cancelGraceMs: within(SETTING_LIMITS.cancelGraceMs),
};

/** What can be set for an endpoint while the gateway runs. */
const endpointSettingsSchema = z.strictObject({
  workers: z.strictObject(workerFields),
  scaling,
  retries: z.strictObject(retryFields),
  ...durations,
});

export type EndpointSettings = z.infer<typeof endpointSettingsSchema>;

/** Each value is optional, and null takes it back to the file's. */
function changes<F extends Record<string, z.ZodType>>(fields: F) {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field.nullable().optional()]),
    ) as {
      [K in keyof F]: z.ZodOptional<z.ZodNullable<F[K]>>;
    },
  );
}

/** Body of `PATCH /v1/endpoints/{name}`. */
export const endpointChangeSchema = changes({
  workers: changes(workerFields),
  scaling,
  retries: changes(retryFields),
  ...durations,
})
  .describe('What is not named stays; null takes a value back to that of spillway.yaml.')
  .meta({ id: 'EndpointChange' });

export type EndpointChange = z.infer<typeof endpointChangeSchema>;

function shown<S extends z.ZodType>(schema: S) {
  return z.object({
    value: schema.describe('What holds now.'),
    base: schema.describe('What spillway.yaml says.'),
    isOverridden: z.boolean(),
  });
}

function allShown<F extends Record<string, z.ZodType>>(fields: F) {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, shown(field)])) as {
    [K in keyof F]: ReturnType<typeof shown<F[K]>>;
  };
}

const count = z.int().min(0);

export const endpointViewSchema = z
  .object({
    name: z.string(),
    type: z
      .enum(['QUEUE', 'LOAD_BALANCER'])
      .describe(
        'QUEUE: workers take jobs. LOAD_BALANCER: workers serve HTTP themselves; requests count as jobs.',
      ),
    worker: z.string().describe('Name of a built-in worker.').optional(),
    backends: z.array(z.string()),
    isPaused: z.boolean().describe('Jobs are accepted, none is delivered.'),
    settings: z.object({
      workers: z.object(allShown(workerFields)),
      scaling: shown(scaling),
      retries: z.object(allShown(retryFields)),
      ...allShown(durations),
    }),
    jobs: z.object({
      inQueue: count,
      ready: count.describe('Of those in the queue, the ones that could be delivered now.'),
      lowPriorityReady: count,
      inProgress: count,
      completed: count.describe('Since the data directory exists.'),
      failed: count,
      retried: count,
    }),
    workers: z.object({
      idle: count,
      initializing: count,
      ready: count,
      running: count,
      throttled: count,
      unhealthy: count,
    }),
    problem: z
      .object({
        code: z.string(),
        failures: count,
        gaveUp: z.boolean(),
        nextTryAt: z.int(),
        message: z.string(),
      })
      .describe("Why its workers don't start.")
      .optional(),
  })
  .meta({ id: 'Endpoint' });

export type EndpointView = z.infer<typeof endpointViewSchema>;

export const endpointListSchema = z.object({ endpoints: z.array(endpointViewSchema) });
export const drainingSchema = z.object({
  draining: z.array(z.string()).describe('Ids of the workers that finish their jobs and end.'),
});
