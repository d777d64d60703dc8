import { z } from 'zod';
import { backendsField, spillField, urlFields } from './backends-field.ts';
import { findBackendProblems } from './check-backends.ts';
import { containerFields, size } from './container-fields.ts';
import { budgets, findBudgetProblems, prices } from './cost-fields.ts';
import { crossCheck, findMinAboveMax } from './cross-check.ts';
import { deployField } from './deploy-field.ts';
import { command, count, duration, hints, listenAddress, openTarget, publicUrl, text } from './fields.ts';
import { gpuField } from './gpu-field.ts';
import { loadBalancingFields } from './load-balancing-fields.ts';
import { rateLimits } from './rate-limits.ts';
import { reservedEnvFix } from './reserved-env.ts';
import { findSharedModels, signingFields } from './signing-fields.ts';
import { artifactsField, corsField } from './storage-fields.ts';
import { warmWindow } from './warm-window.ts';

/**
 * `spillway.yaml` as a schema: the one source of the parser, its problems, the JSON Schema for editors and the
 * defaults.
 */
const ENDPOINT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const lease = crossCheck(
  z.strictObject({
    duration: duration(
      { min: '100ms', max: '1h' },
      '40s',
      'How long a worker may be silent before its job is delivered again.',
    ),
    heartbeat: duration(
      { min: '100ms', max: '10m' },
      '10s',
      'How often a worker says that it is alive. Official Python workers count whole seconds.',
    ),
  }),
  ({ duration: durationMs, heartbeat }) =>
    typeof durationMs === 'number' && typeof heartbeat === 'number' && heartbeat * 3 >= durationMs
      ? [
          {
            path: ['duration'],
            message: `expected more than three heartbeats (3 × ${heartbeat / 1000}s), found ${durationMs / 1000}s`,
            fix: `write a longer \`duration\` (over ${(heartbeat * 3) / 1000}s) or a shorter \`heartbeat\``,
          },
        ]
      : [],
)
  .prefault({})
  .describe('The time-limited right of one worker to one job.');

const workers = crossCheck(
  z.strictObject({
    min: count({ min: 0, max: 1000 }, 'Workers that always run.').prefault(0),
    max: count({ min: 0, max: 1000 }, 'Workers at most; 0 closes the endpoint for work.').prefault(3),
    idleTimeout: duration(
      { min: '1s', max: '3600s', isRunPods: true },
      '5s',
      'How long a worker beyond `min` may idle before it is stopped.',
    ),
    warm: z.array(warmWindow).prefault([]).describe('Hours in which more than `min` workers are kept warm.'),
  }),
  findMinAboveMax,
)
  .prefault({})
  .describe('How many workers may run.');

const scalingType = {
  expected: '`QUEUE_DELAY` or `REQUEST_COUNT`',
  fix: () => 'write `type: QUEUE_DELAY` or `type: REQUEST_COUNT`',
};

const scaling = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z
        .literal('QUEUE_DELAY')
        .register(hints, scalingType)
        .describe('Add a worker when a job has waited too long.'),
      queueDelay: duration(
        { min: '500ms', max: '1h', isRunPods: true },
        '4s',
        'The wait after which a worker is added.',
      ),
    }),
    z.strictObject({
      type: z
        .literal('REQUEST_COUNT')
        .register(hints, scalingType)
        .describe('One worker for so many jobs, waiting or running.'),
      requestCount: count({ min: 1, max: 10_000 }, 'Jobs per worker.').prefault(1),
    }),
  ])
  .prefault({ type: 'QUEUE_DELAY' })
  .describe('When workers are added. Low-priority jobs do not count.');

const envValue = z.union([z.string(), z.number(), z.boolean()]).register(hints, {
  expected: 'text, a number or true/false',
  fix: () => 'write the value, or "" for an empty one',
});

const env = crossCheck(z.record(z.string(), envValue.transform(String)), (block) =>
  Object.keys(block).flatMap((name) => {
    if (!ENV_NAME.test(name)) {
      const message = `expected a name of letters, digits and _, found ${JSON.stringify(name)}`;
      return [{ path: [name], message, fix: 'rename it, such as MY_SETTING' }];
    }
    const fix = reservedEnvFix(name);
    return fix ? [{ path: [name], message: `expected no variable that the gateway itself sets`, fix }] : [];
  }),
)
  .meta({
    description: "The endpoint's own additions to its workers' environment.",
    propertyNames: { pattern: ENV_NAME.source },
  })
  .prefault({});

const retries = z
  .strictObject({
    workerLost: count({ min: 0, max: 10 }, 'Further deliveries after a worker died or fell silent.').prefault(
      1,
    ),
    handlerError: count({ min: 0, max: 10 }, 'Further deliveries after an error of the handler.').prefault(0),
  })
  .prefault({})
  .describe('How often a job is delivered again.');

const endpoint = crossCheck(
  z.strictObject({
    worker: text(
      'the name of a built-in worker',
      'detect',
      'A built-in worker. Either this, `command` or `image`.',
    ).optional(),
    command: command().optional(),
    ...containerFields,
    gpu: gpuField().optional(),
    ...loadBalancingFields,
    ...signingFields,
    cwd: text('a folder', './mine', 'Folder in which the command runs, relative to this file.').prefault('.'),
    env,
    workers,
    scaling,
    executionTimeout: duration(
      { min: '5s', max: '7d', isRunPods: true },
      '600s',
      'How long one attempt at a job may run.',
    ),
    ttl: duration(
      { min: '10s', max: '7d', isRunPods: true },
      '24h',
      'How long a job may exist, from its submission.',
    ),
    initTimeout: duration(
      { min: '100ms', max: '24h' },
      '7m',
      'How long a started worker may take until it asks for its first job.',
    ),
    backends: backendsField().optional(),
    spill: spillField().optional(),
    urlFields: urlFields().optional(),
    maxUpload: size(
      '5g',
      'The largest upload for its workers; a larger one is refused before it begins. A built-in worker has its own limit, which holds too.',
    ).optional(),
    deploy: deployField().optional(),
    retries,
    cancelGrace: duration(
      { min: '0s', max: '10m' },
      '5s',
      'How long a cancelled job may go on before its worker is killed.',
    ),
  }),
  findBackendProblems,
).meta({
  // Exactly one of three says what a worker is; an endpoint for which none is started here needs none.
  oneOf: [
    { required: ['worker'] },
    { required: ['command'] },
    { required: ['image'] },
    {
      required: ['backends'],
      properties: { backends: { items: { not: { enum: ['process', 'container'] } } } },
      not: { anyOf: [{ required: ['worker'] }, { required: ['command'] }, { required: ['image'] }] },
    },
  ],
});

const endpoints = crossCheck(z.record(z.string(), endpoint), (block) => [
  ...Object.keys(block)
    .filter((name) => !ENDPOINT_NAME.test(name))
    .map((name) => ({
      path: [name],
      message: `expected a name of 1 to 63 lower-case letters, digits and -, found ${JSON.stringify(name)}`,
      fix: 'rename it, such as `my-endpoint`',
    })),
  ...findSharedModels(block),
])
  .meta({
    description: 'The named targets that jobs are sent to.',
    propertyNames: { pattern: ENDPOINT_NAME.source },
  })
  .prefault({});

const top = z.strictObject({
  listen: listenAddress(
    'Where the gateway listens, as host:port. Port 0 takes a free one; without a host it is loopback.',
  ).prefault('127.0.0.1:8080'),
  data: text(
    'a folder',
    './.spillway',
    'Folder of jobs, results, logs and keys, relative to this file.',
  ).prefault('./.spillway'),
  publicUrl: publicUrl().optional(),
  workerListen: listenAddress(
    'A second address that serves nothing but the calls of workers, as host:port, for workers from elsewhere.',
  ).optional(),
  allowPrivateUrls: z
    .array(openTarget())
    .prefault([])
    .describe('Private hosts and networks that webhooks and other URLs of users may lead to.'),
  webhookSecret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/)
    .register(hints, {
      expected: 'a secret of Standard Webhooks, `whsec_` and at least 32 base64 characters',
      fix: () => 'take it from a variable of the environment, or leave it out and one is made',
    })
    .describe('Signs webhooks; made at the first start when absent.')
    .optional(),
  rateLimits,
  lease,
  retention: z
    .strictObject({
      results: duration({ min: '100ms', max: '365d' }, '30m', 'How long a finished job can be asked for.'),
      usage: duration({ min: '1d', max: '3650d' }, '400d', 'How long is known what was spent.'),
    })
    .prefault({})
    .describe('How long things are kept.'),
  artifacts: artifactsField,
  cors: corsField,
  prices,
  budgets,
  endpoints,
});

export const configSchema = crossCheck(top, findBudgetProblems).meta({
  title: 'spillway.yaml',
  description: 'Configuration of a Spillway gateway.',
});

export type ParsedConfig = z.output<typeof configSchema>;
