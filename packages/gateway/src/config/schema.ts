import { z } from 'zod';
import {
  type CheckParams,
  command,
  count,
  duration,
  hints,
  listenAddress,
  openTarget,
  publicUrl,
  text,
} from './fields.ts';
import { reservedEnvFix } from './reserved-env.ts';

/**
 * `spillway.yaml` as a schema: the one source of the parser, its problems, the JSON Schema for editors and the
 * defaults. Checks over several keys run even where single values are wrong (`when`), so that one run tells all.
 */
const ENDPOINT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ALWAYS = { when: () => true };

interface Finding {
  readonly path: string[];
  readonly message: string;
  readonly fix: string;
}

type Block = Readonly<Record<string, unknown>>;

/** Adds a check over several keys of a block; it sees parsed values, or the raw ones of keys that are wrong. */
function crossCheck<S extends z.ZodType>(schema: S, check: (block: Block) => readonly Finding[]): S {
  return schema.superRefine((value, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const { path, message, fix } of check(value as Block)) {
      context.addIssue({ code: 'custom', path, message, params: { fix } satisfies CheckParams });
    }
  }, ALWAYS);
}

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
  }),
  ({ min, max }) =>
    typeof min === 'number' && typeof max === 'number' && min > max
      ? [
          {
            path: ['min'],
            message: `expected at most \`max\` (${max}), found ${min}`,
            fix: `lower \`min\` to ${max} or raise \`max\` to ${min}`,
          },
        ]
      : [],
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
      'A built-in worker. Either this or `command`.',
    ).optional(),
    command: command().optional(),
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
    backends: z
      .array(
        z.enum(['process']).register(hints, {
          expected: 'a backend (`process`)',
          fix: () => 'write `[process]`',
        }),
      )
      .min(1)
      .refine((kinds) => new Set(kinds).size === kinds.length)
      .register(hints, {
        expected: 'a list of backends, each once (`process`)',
        fix: () => 'write `[process]`',
      })
      .prefault(['process'])
      .describe('Where workers run, in order of preference.'),
    retries,
    cancelGrace: duration(
      { min: '0s', max: '10m' },
      '5s',
      'How long a cancelled job may go on before its worker is killed.',
    ),
  }),
  ({ worker, command: parts }) => {
    if ((worker === undefined) !== (parts === undefined)) return [];
    const found = worker === undefined ? 'neither' : 'both';
    const fix =
      worker === undefined
        ? 'add `worker: detect`, or `command: [python3, -u, handler.py]`'
        : 'keep one of the two';
    return [{ path: [], message: `expected either \`worker\` or \`command\`, found ${found}`, fix }];
  },
).meta({ oneOf: [{ required: ['worker'] }, { required: ['command'] }] });

const endpoints = crossCheck(z.record(z.string(), endpoint), (block) =>
  Object.keys(block)
    .filter((name) => !ENDPOINT_NAME.test(name))
    .map((name) => ({
      path: [name],
      message: `expected a name of 1 to 63 lower-case letters, digits and -, found ${JSON.stringify(name)}`,
      fix: 'rename it, such as `my-endpoint`',
    })),
)
  .meta({
    description: 'The named targets that jobs are sent to.',
    propertyNames: { pattern: ENDPOINT_NAME.source },
  })
  .prefault({});

export const configSchema = z
  .strictObject({
    listen: listenAddress(),
    data: text(
      'a folder',
      './.spillway',
      'Folder of jobs, results, logs and keys, relative to this file.',
    ).prefault('./.spillway'),
    publicUrl: publicUrl().optional(),
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
    lease,
    retention: z
      .strictObject({
        results: duration({ min: '100ms', max: '365d' }, '30m', 'How long a finished job can be asked for.'),
      })
      .prefault({})
      .describe('How long things are kept.'),
    endpoints,
  })
  .meta({ title: 'spillway.yaml', description: 'Configuration of a Spillway gateway.' });

export type ParsedConfig = z.output<typeof configSchema>;
