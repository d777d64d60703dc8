import { z } from 'zod';
import type { Deployment, DeploymentVolume } from '../endpoints/deployment.ts';
import { imageName, size } from './container-fields.ts';
import { crossCheck, findMinAboveMax } from './cross-check.ts';
import { count, duration, hints, quoteIt, text } from './fields.ts';
import { reservedEnvFix } from './reserved-env.ts';

/** The key `deploy` of an endpoint: its cloud side, which `spillway deploy` brings about at RunPod. */
const GIB = 1024 ** 3;

const gpu = crossCheck(
  z.strictObject({
    pools: z
      .array(pattern(/^[A-Z][A-Z0-9_]+$/, 'a pool of RunPod', 'write its id, such as `ADA_24`'))
      .min(1)
      .register(hints, {
        expected: 'a list of pools of RunPod, the preferred first',
        fix: () =>
          'write `[AMPERE_24, ADA_24]`; `spillway gpus <endpoint>` lists the ones that are large enough',
      })
      .describe('Pools of cards, the preferred first.')
      .optional(),
    memory: size(
      '16g',
      'Memory that each card must have; the cheapest pools that have it are taken.',
    ).optional(),
    count: count({ min: 1, max: 16 }, 'Cards of a worker.').prefault(1),
    exclude: z
      .array(text('the id of a type of card', 'NVIDIA L4', 'A type of card.'))
      .prefault([])
      .describe('Types of cards in these pools to do without, by their ids in the catalogue.'),
    minCuda: pattern(/^\d+\.\d+$/, 'a version of CUDA in quotes', 'write it as "12.4"')
      .describe('The lowest version of CUDA that the host may have.')
      .optional(),
  }),
  ({ pools, memory }) =>
    (pools === undefined) === (memory === undefined)
      ? [
          {
            path: [],
            message: `expected either \`pools\` or \`memory\`, found ${pools === undefined ? 'neither' : 'both'}`,
            fix: 'write `gpu: { pools: [AMPERE_24] }` or `gpu: { memory: 16g }`',
          },
        ]
      : [],
).describe("Cards of its workers. Without it: what the endpoint's workers need (`gpu` of the endpoint).");

const cpu = z
  .array(
    z.strictObject({
      flavor: pattern(/^[a-z0-9]+$/, 'a CPU flavor of RunPod', 'write its id, such as `cpu5c`').describe(
        'Flavor of the machine.',
      ),
      vcpus: z
        .union([2, 4, 8, 16, 32, 64, 128].map((one) => z.literal(one)))
        .register(hints, { expected: 'a power of two from 2 to 128', fix: () => 'write `4`' })
        .describe('Virtual CPUs of a worker.'),
    }),
  )
  .min(1)
  .register(hints, {
    expected: 'a list of machines without cards',
    fix: () => 'write `[{ flavor: cpu5c, vcpus: 4 }]`',
  })
  .describe('Machines without cards, instead of `gpu`.');

const workers = crossCheck(
  z.strictObject({
    min: count({ min: 0, max: 1000 }, 'Workers that always run, and are always paid for.').prefault(0),
    max: count({ min: 0, max: 1000 }, 'Workers at most.').prefault(3),
    idleTimeout: duration({ min: '1s', max: '3600s', isRunPods: true }, '5s', 'How long a worker may idle.'),
  }),
  findMinAboveMax,
)
  .prefault({})
  .describe('How many workers RunPod may run.');

const volume = z
  .union([
    z.string().regex(/^[A-Za-z0-9]+$/),
    z.strictObject({
      name: text(
        'a name',
        'models',
        'Its name: a volume of this name is taken, or made where there is none.',
      ),
      size: size('50g', 'Its size, from 10g to 4096g; it can grow, not shrink.')
        .refine((bytes) => bytes >= 10 * GIB && bytes <= 4096 * GIB)
        .register(hints, { expected: 'a size from 10g to 4096g', fix: () => 'write it as `50g`' }),
      dataCenter: text('a data center', 'EU-RO-1', 'Where it is made; workers then run there.'),
      type: z.enum(['STANDARD', 'HIGH_PERFORMANCE']).describe('Its storage tier.').optional(),
    }),
  ])
  .register(hints, {
    expected: 'the id of a network volume, or a volume to make',
    fix: () => 'write its id, or `{ name: models, size: 50g, dataCenter: EU-RO-1 }`',
    isToldInside: true,
  });

const flashboot = z
  .union([z.boolean(), z.literal('priority')])
  .register(hints, { expected: 'true, false or `priority`', fix: () => 'write `true` or `false`' })
  .prefault(true)
  .describe('Keep stopped workers warm for a fast start, as RunPod offers it.');

const plainValue = z
  .union([z.string(), z.number(), z.boolean()])
  .register(hints, {
    expected: 'text, a number or true/false',
    fix: () => 'write the value, or "" for an empty one',
  })
  .transform(String);

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function variables<S extends z.ZodType>(value: S, description: string) {
  return crossCheck(z.record(z.string(), value), (block) =>
    Object.keys(block).flatMap((name) => {
      if (!NAME.test(name)) {
        const message = `expected a name of letters, digits and _, found ${JSON.stringify(name)}`;
        return [{ path: [name], message, fix: 'rename it, such as MY_SETTING' }];
      }
      if (reservedEnvFix(name) === undefined) return [];
      return [{ path: [name], message: 'expected no variable that RunPod itself sets', fix: 'remove it' }];
    }),
  )
    .meta({ description, propertyNames: { pattern: NAME.source } })
    .prefault({});
}

function pattern(regex: RegExp, expected: string, fix: string) {
  return z
    .string()
    .regex(regex)
    .register(hints, { expected, fix: () => fix });
}

export function deployField() {
  return crossCheck(
    z.strictObject({
      name: text(
        'a name',
        'acme-clip',
        'Its name at RunPod. Without it: `spillway-` and the name here.',
      ).optional(),
      image: imageName().describe("Image of its workers. Without it: the endpoint's own.").optional(),
      args: z
        .string()
        .register(hints, { expected: 'text', fix: quoteIt })
        .describe("Arguments in place of the image's own command, as one text.")
        .optional(),
      disk: size('20g', "Size of a worker's own disk.").optional(),
      ...{ gpu: gpu.optional(), cpu: cpu.optional(), workers, flashboot },
      dataCenters: z
        .array(text('a data center', 'EU-RO-1', 'A data center.'))
        .describe('Where workers may run. Without it: anywhere, or where it was set at RunPod.')
        .optional(),
      volumes: z
        .array(volume)
        .prefault([])
        .describe('Network volumes, at /runpod-volume; one a data center.'),
      env: variables(plainValue, "Variables on top of the endpoint's own."),
      secrets: variables(
        pattern(/^[\w-]+$/, 'the name of a secret at RunPod', 'write the name alone, such as `clip_hmac`'),
        "Variables whose values are secrets of RunPod's, by the secret's name.",
      ),
      registry: text(
        'the id of a registry credential',
        'clx1a2b3',
        'Credential for a private image.',
      ).optional(),
      ports: z
        .array(pattern(/^\d{1,5}\/(http|tcp)$/, 'a port and its kind', 'write it as `8000/http`'))
        .describe('Ports that workers serve.')
        .optional(),
    }),
    (block) =>
      block.gpu !== undefined && block.cpu !== undefined
        ? [{ path: ['cpu'], message: 'expected `gpu` or `cpu`, found both', fix: 'keep one of them' }]
        : [],
  ).describe('What `spillway deploy` makes of the endpoint at RunPod.');
}

type Parsed = z.output<ReturnType<typeof deployField>>;

export function toDeployment(parsed: Parsed | undefined): { readonly deploy?: Deployment } {
  if (parsed === undefined) return {};
  const { disk, gpu: cards, workers: limits, volumes, ...rest } = parsed;
  return {
    deploy: {
      ...definedOf(rest),
      ...(disk === undefined ? {} : { diskGb: Math.ceil(disk / GIB) }),
      ...(cards === undefined ? {} : { gpu: toGpu(cards) }),
      workers: { min: limits.min, max: limits.max, idleTimeoutMs: limits.idleTimeout },
      volumes: volumes.map(toVolume),
    },
  };
}

function toGpu({ memory, ...rest }: NonNullable<Parsed['gpu']>): NonNullable<Deployment['gpu']> {
  return { ...definedOf(rest), ...(memory === undefined ? {} : { memoryBytes: memory }) };
}

function toVolume(parsed: Parsed['volumes'][number]): DeploymentVolume {
  if (typeof parsed === 'string') return { id: parsed };
  const { size: bytes, ...rest } = parsed;
  return { ...definedOf(rest), sizeGb: Math.ceil(bytes / GIB) };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that the file doesn't have. */
function definedOf<T extends object>(block: T): Defined<T> {
  return Object.fromEntries(Object.entries(block).filter(([, value]) => value !== undefined)) as Defined<T>;
}
