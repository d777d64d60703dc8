// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { z } from 'zod';
import type { BackendKind, RemoteBackend, RemoteFaults } from '../endpoints/endpoint.ts';
import { POOL_NAMES } from '../usage/prices.ts';
import { count, dollars, duration, hints, optionalDuration } from './fields.ts';

/** Where an endpoint's jobs run, and when they go to RunPod: the keys `backends` and `spill`. */
const LOCAL_KINDS = ['process', 'container', 'pool'] as const;

/** RunPod's own job API. */
const RUNPOD_URL = 'https://api.runpod.ai/v2';
const MOST_IN_FLIGHT = 10_000;

const BACKEND_FIX =
  'write `[process]`, `[container]` for an `image`, `[pool]` for workers that connect, or add `{ runpod: { endpointId: …, apiKey: "${RUNPOD_API_KEY}" } }` behind them';

const LIST = {
  expected:
    'a list of backends (`process`, `container`, `pool`, `{ runpod: … }`), each once, `runpod` behind the others, with different `endpointId`s where there are several',
  fix: () => BACKEND_FIX,
};

export function backendsField() {
  return z
    .array(
      z.union([z.enum(LOCAL_KINDS), z.strictObject({ runpod: runpod() })]).register(hints, {
        expected: 'a backend (`process`, `container`, `pool` or `{ runpod: … }`)',
        fix: () => BACKEND_FIX,
        isToldInside: true,
      }),
    )
    .min(1)
    .refine((backends) => {
      const names = backends.map((one) =>
        typeof one === 'string' ? one : `runpod ${one.runpod.endpointId}`,
      );
      const first = backends.findIndex(isRunpod);
      const areLast = first === -1 || backends.slice(first).every(isRunpod);
      return areLast && new Set(names).size === names.length;
    })
    .register(hints, LIST)
    .describe('Where jobs run, in order. Without it: `container` for an `image`, else `process`.');
}

function runpod() {
  return z
    .strictObject({
      endpointId: z
        .string()
        .regex(/^[\w.-]+$/)
        .register(hints, {
          expected: 'the id of a serverless endpoint of RunPod',
          fix: () => 'write the id that RunPod shows, such as `vllm-a1b2c3`',
        })
        .describe('Which of your serverless endpoints runs the jobs.'),
      apiKey: z
        .string()
        .min(1)
        .register(hints, {
          expected: 'a RunPod API key, by a variable of the environment',
          fix: () => 'write `"${RUNPOD_API_KEY}"` and set that variable before the start',
          isSecret: true,
        })
        .describe('Key that may call it; by a variable of the environment.'),
      baseUrl: z
        .url({ protocol: /^https?$/, abort: true })
        .refine((url) => !/[?#]/.test(url))
        .transform((url) => url.replace(/\/+$/, ''))
        .register(hints, {
          expected: 'an http or https address without `?` or `#`',
          fix: () => `write it with its \`/v2\`, such as \`${RUNPOD_URL}\`, or leave it out`,
        })
        .prefault(RUNPOD_URL)
        .describe("Address of the job API, with `/v2`: RunPod's, unless another service speaks it."),
      maxInFlight: count(
        { min: 1, max: MOST_IN_FLIGHT },
        'Jobs that may be there at once, waiting or running.',
      ).prefault(10),
      queueDelay: optionalDuration(
        { min: '1s', max: '24h' },
        '60s',
        'A job that has waited so long in the queue there goes on to the next `runpod` backend. Without it: as in `spill`.',
      ),
      gpuPool: z
        .enum(POOL_NAMES as [string, ...string[]])
        .register(hints, {
          expected: `a pool of RunPod's cards (${POOL_NAMES.join(', ')})`,
          fix: () => 'write the pool of the cards that the endpoint was given, such as `ADA_24`',
        })
        .describe(
          'Pool of the cards that its workers have, by which they are priced. Without it, for the first one: the only pool of `deploy.gpu`.',
        )
        .optional(),
      gpuCount: count({ min: 1, max: 64 }, 'Cards that each of its workers has.').prefault(1),
      faults: faults().optional(),
    })
    .describe('A serverless endpoint of RunPod, to which jobs spill over.');
}

const MOST_SEED = 2 ** 31 - 1;

function faults() {
  const share = (description: string) =>
    z
      .number()
      .min(0)
      .max(1)
      .register(hints, {
        expected: 'a share of the calls from 0 to 1',
        fix: () => 'write `0.2` for one call of five',
      })
      .prefault(0)
      .describe(description);
  return z
    .strictObject({
      latency: duration({ min: '0s', max: '60s' }, '0s', 'How long each call waits before it goes out.'),
      errorRate: share('Share of the calls that are answered 500.'),
      throttleRate: share('Share of the calls that are answered 429.'),
      lostAnswers: share('Share of the calls that arrive and whose answer is lost.'),
      seed: count({ min: 0, max: MOST_SEED }, 'The same faults again with the same seed.').prefault(1),
    })
    .describe('Has its calls go wrong, to try what becomes of jobs; not for production.');
}

export function spillField() {
  return z
    .strictObject({
      queueDelay: duration(
        { min: '0s', max: '24h' },
        '10s',
        'A job that has waited so long for a worker here goes to RunPod.',
      ),
      onUnhealthy: z
        .boolean()
        .prefault(true)
        .register(hints, { expected: 'true or false', fix: () => 'write `true` or `false`' })
        .describe('Jobs go at once while nothing here can run them: no card has room, workers crash.'),
      maxCostPerDay: dollars(
        'Dollars that the endpoint may spend at RunPod in a day (UTC); its jobs wait for workers here then.',
      ).optional(),
    })
    .describe('When jobs go to RunPod.');
}

export function urlFields() {
  return z
    .array(z.string().min(1))
    .register(hints, {
      expected: 'a list of names of fields of the input',
      fix: () => 'write `[image]` where the handler takes a URL in `image`',
    })
    .describe(
      "Fields of the input that may hold a URL in place of a text, where the input is over 256 KiB, or too large for RunPod's limit.",
    );
}

type Parsed = {
  readonly backends?: z.output<ReturnType<typeof backendsField>> | undefined;
  readonly spill?: z.output<ReturnType<typeof spillField>> | undefined;
  readonly urlFields?: readonly string[] | undefined;
  readonly deploy?:
    | {
        readonly gpu?: { readonly pools?: readonly string[] | undefined; readonly count: number } | undefined;
      }
    | undefined;
};

function kindOf(backend: unknown): BackendKind {
  return typeof backend === 'string' ? (backend as BackendKind) : 'runpod';
}

/** The backends' kinds in order, and what is said of RunPod. */
export function toBackends(
  parsed: Parsed,
  fallback: readonly BackendKind[],
): {
  readonly backends: readonly BackendKind[];
  readonly remote?: RemoteBackend;
  readonly furtherRemotes?: readonly RemoteBackend[];
  readonly urlFields?: readonly string[];
} {
  const backends = [...new Set(parsed.backends?.map(kindOf) ?? fallback)];
  const { queueDelay, onUnhealthy, maxCostPerDay } = parsed.spill ?? spillField().parse({});
  // `deploy` makes the first one, and says what cards it has where it leaves no choice.
  const made = parsed.deploy?.gpu;
  const firstAt = parsed.backends?.findIndex((one) => typeof one !== 'string');
  const remotes = (parsed.backends ?? []).flatMap((one, at): RemoteBackend[] => {
    if (typeof one === 'string') return [];
    const { gpuPool: said, gpuCount, faults, queueDelay: waitThereMs, ...others } = one.runpod;
    const known = said === undefined && at === firstAt && made?.pools?.length === 1 ? made : undefined;
    const gpuPool = said ?? known?.pools?.[0];
    const settings = { ...others, gpuCount: known?.count ?? gpuCount };
    return [
      {
        ...{ ...settings, queueDelayMs: queueDelay, onUnhealthy },
        ...(waitThereMs === undefined ? {} : { waitThereMs }),
        ...(gpuPool === undefined ? {} : { gpuPool }),
        ...(faults === undefined ? {} : { faults: toFaults(faults) }),
        ...(maxCostPerDay === undefined ? {} : { maxCostPerDayMicros: maxCostPerDay }),
      },
    ];
  });
  const [remote, ...furtherRemotes] = remotes;
  const urlFields = parsed.urlFields === undefined ? {} : { urlFields: parsed.urlFields };
  if (!remote) return { backends, ...urlFields };
  return {
    ...{ backends, remote, ...urlFields },
    ...(furtherRemotes.length === 0 ? {} : { furtherRemotes }),
  };
}

function toFaults({ latency, ...rest }: z.output<ReturnType<typeof faults>>): RemoteFaults {
  return { latencyMs: latency, ...rest };
}

/** A word for a backend in the file's own spelling; nothing of its settings is told. */
export const isRunpod = (backend: unknown): boolean =>
  typeof backend === 'object' && backend !== null && 'runpod' in backend;
