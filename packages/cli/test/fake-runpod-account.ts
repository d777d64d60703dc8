import { z } from 'zod';
import type { FakeAnswer } from './fake-answer.ts';
import { answerBilling, type FakeBills } from './fake-runpod-billing.ts';

/**
 * RunPod's management API v2 as a state machine without a network: what it accepts, what it refuses and how it then looks,
 * as its OpenAPI document of 2026-08-20 tells. It is strict: fields that the service doesn't know are a 422 that names them.
 */
type Resource = Record<string, unknown> & { id: string; name: string };

export interface FakeAccount {
  readonly endpoints: Map<string, Resource>;
  readonly volumes: Map<string, Resource>;
  readonly pods: Map<string, Resource>;
  /** Pools without a free machine. */
  readonly fullPools: Set<string>;
  /** Types of card without a free machine. */
  readonly fullCards: Set<string>;
  /** Dollars an hour that pools cost in place of the catalogue's, as prices change. */
  readonly poolPrices: Map<string, number>;
  readonly bills: FakeBills;
  handle(method: string, path: string, body: unknown): FakeAnswer;
}

const container = {
  args: z.string().optional(),
  disk: z.int().min(1).optional(),
  env: z.record(z.string(), z.string()).optional(),
  image: z.string().min(1).optional(),
  ports: z.array(z.string().regex(/^\d+\/\w+$/)).optional(),
  registry: z.string().nullable().optional(),
};
const cuda = z.string().regex(/^\d+\.\d+$/);
const gpu = {
  excludedTypes: z.array(z.string().regex(/^\s*[^-\s]/)).optional(),
  count: z.int().min(1).optional(),
  allowedCudaVersions: z.array(cuda).optional(),
};
const cpu = z.array(z.strictObject({ id: z.string().min(1), vcpuCount: z.int().min(2) })).min(1);
const limits = z.strictObject({
  min: z.int().min(0).optional(),
  max: z.int().min(0).optional(),
  idleTimeout: z.int().min(1).max(3600).optional(),
});
const scaling = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('QUEUE_DELAY'), queueDelay: z.number().min(0.5) }),
  z.strictObject({ type: z.literal('REQUEST_COUNT'), requestCount: z.int().min(1) }),
]);
const pools = z.array(z.string()).min(1);
const shared = {
  ...container,
  ...{ cpu: cpu.optional(), workers: limits.optional(), timeout: z.int().optional() },
  dataCenterIds: z.array(z.string()).optional(),
  networkVolumes: z.array(z.string()).optional(),
  flashboot: z.enum(['OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT']).optional(),
};
const createEndpoint = z.strictObject({
  ...shared,
  ...{ image: z.string().min(1), name: z.string().min(1), type: z.enum(['QUEUE', 'LOAD_BALANCER']), scaling },
  gpu: z.strictObject({ ...gpu, pools, minCudaVersion: cuda.optional() }).optional(),
});
const updateEndpoint = z.strictObject({
  ...{ ...shared, name: z.string().min(1).optional(), scaling: scaling.optional() },
  gpu: z
    .strictObject({ ...gpu, pools: pools.optional(), minCudaVersion: cuda.or(z.literal('')).optional() })
    .refine((one) => one.pools !== undefined || one.excludedTypes === undefined)
    .optional(),
});
const createVolume = z.strictObject({
  name: z.string().min(1),
  size: z.int().min(10).max(4096),
  dataCenter: z.string().min(1),
  type: z.enum(['STANDARD', 'HIGH_PERFORMANCE']).optional(),
});
const updateVolume = z.strictObject({
  name: z.string().optional(),
  size: z.int().min(10).max(4096).optional(),
});
const createPod = z.strictObject({
  ...container,
  ...{ name: z.string().min(1), image: z.string().min(1), cloud: z.enum(['SECURE', 'COMMUNITY']).optional() },
  cpu: cpu.element.optional(),
  gpu: z.strictObject({ id: z.string(), count: z.int().min(1).optional() }).optional(),
  dataCenterIds: z.array(z.string()).optional(),
  mounts: z
    .strictObject({ network: z.array(z.strictObject({ volumeId: z.string(), path: z.string() })).max(1) })
    .optional(),
});

/** Type id, name, pool, gigabytes, dollars an hour: secure, community, serverless. */
const CARDS = [
  ['NVIDIA RTX A4000', 'RTX A4000', 'AMPERE_16', 16, 0.25, 0.17, 0.58],
  ['NVIDIA L4', 'L4', 'AMPERE_24', 24, 0.39, 0.32, 0.69],
  ['NVIDIA RTX A5000', 'RTX A5000', 'AMPERE_24', 24, 0.27, 0.16, 0.69],
  ['NVIDIA GeForce RTX 4090', 'RTX 4090', 'ADA_24', 24, 0.44, 0.31, 1.1],
  ['NVIDIA A40', 'A40', 'AMPERE_48', 48, 0.4, 0.35, 1.22],
  ['NVIDIA H100 80GB HBM3', 'H100 SXM', 'ADA_80_PRO', 80, 2.69, 2.6, 4.18],
] as const;

export const problem = (status: number, title: string, detail: string, errors?: readonly string[]) => ({
  status,
  json: { title, status, detail, ...(errors ? { errors } : {}) },
});
const invalid = (errors: readonly string[]) =>
  problem(422, 'Unprocessable Entity', 'Request validation failed.', errors);
const refused = (detail: string) => problem(400, 'Bad Request', detail);
const missing = () => problem(404, 'Not Found', 'resource not found');
const NO_CAPACITY =
  'There are no longer any instances available with the requested specifications. Please refresh and try again.';

class Refusal extends Error {
  readonly answer: FakeAnswer;
  constructor(answer: FakeAnswer) {
    super('refused');
    this.answer = answer;
  }
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refusal(
    invalid(result.error.issues.map((issue) => `/${issue.path.join('/')}: ${issue.message}`)),
  );
}

export function createFakeAccount(): FakeAccount {
  const [endpoints, volumes, pods] = [0, 1, 2].map(() => new Map<string, Resource>()) as [
    ...[Map<string, Resource>, Map<string, Resource>, Map<string, Resource>],
  ];
  const fullPools = new Set<string>();
  const fullCards = new Set<string>();
  const poolPrices = new Map<string, number>();
  const bills: FakeBills = { serverless: [], volumes: [] };
  let made = 0;
  const newId = (kind: string) => {
    made += 1;
    return `${kind}${String(made).padStart(4, '0')}`;
  };

  function checkCompute(body: Record<string, unknown>): void {
    const cards = body.gpu as z.output<typeof createEndpoint>['gpu'];
    const known: string[] = CARDS.map(([, , pool]) => pool);
    for (const pool of cards?.pools ?? []) {
      if (!known.includes(pool)) throw new Refusal(refused(`unknown GPU pool ${pool}`));
    }
    for (const type of cards?.excludedTypes ?? []) {
      const isIn = CARDS.some(([id, , pool]) => id === type && cards?.pools.includes(pool));
      if (!isIn) throw new Refusal(refused(`excludedTypes: ${type} is not a GPU type in the selected pools`));
    }
    if (cards?.minCudaVersion && (cards.allowedCudaVersions ?? []).length > 0) {
      throw new Refusal(refused('minCudaVersion and allowedCudaVersions are mutually exclusive'));
    }
    const vcpus = (body.cpu as z.output<typeof cpu> | undefined)?.map(({ vcpuCount }) => vcpuCount) ?? [];
    if (vcpus.some((count) => !Number.isInteger(Math.log2(count)))) {
      throw new Refusal(refused('vcpuCount must be a power of two'));
    }
  }

  function checkVolumes(ids: readonly string[] = []): void {
    for (const id of ids)
      if (!volumes.has(id)) throw new Refusal(problem(404, 'Not Found', `volume ${id} not found`));
    const places = ids.map((id) => volumes.get(id)?.dataCenter);
    if (new Set(places).size < places.length)
      throw new Refusal(refused('one network volume per data center'));
  }

  function checkScaling(endpoint: Record<string, unknown>, body: Record<string, unknown>): void {
    const { type } = endpoint.scaling as { type: string };
    const says = (body.workers as { idleTimeout?: number } | undefined)?.idleTimeout !== undefined;
    if (endpoint.type === 'LOAD_BALANCER' && type === 'QUEUE_DELAY') {
      throw new Refusal(invalid(['/scaling: load-balancing endpoints scale on REQUEST_COUNT']));
    }
    if (endpoint.type === 'QUEUE' && type === 'REQUEST_COUNT' && says) {
      throw new Refusal(invalid(['/workers/idleTimeout: not applicable with REQUEST_COUNT']));
    }
    const { min, max } = endpoint.workers as { min: number; max: number };
    if (min > max) throw new Refusal(refused('workers.min must not exceed workers.max'));
  }

  /** As the service shows it: defaults filled in, no idle timeout where it means nothing. */
  function shown(endpoint: Resource): Resource {
    const { type } = endpoint.scaling as { type: string };
    const { idleTimeout, ...rest } = endpoint.workers as { idleTimeout?: number };
    const hasIdle = endpoint.type === 'LOAD_BALANCER' || type === 'QUEUE_DELAY';
    return { ...endpoint, workers: hasIdle ? { ...rest, idleTimeout } : rest };
  }

  function makeEndpoint(raw: unknown): FakeAnswer {
    const body = read(createEndpoint, raw);
    if ((body.gpu === undefined) === (body.cpu === undefined)) return refused('exactly one of gpu or cpu');
    checkCompute(body);
    checkVolumes(body.networkVolumes);
    const id = newId('ep');
    const { gpu: cards, cpu: machines, ...rest } = body;
    const endpoint: Resource = {
      ...{ args: '', disk: 20, env: {}, ports: [], registry: null, dataCenterIds: [], networkVolumes: [] },
      ...{ timeout: 300_000, flashboot: 'OFF', ...rest, id, createdAt: '2026-11-01T00:00:00Z' },
      workers: { min: 0, max: 3, idleTimeout: 10, ...body.workers },
      ...(cards ? { gpu: { count: 1, allowedCudaVersions: [], minCudaVersion: null, ...cards } } : {}),
      ...(machines ? { cpu: machines.map((one) => ({ ...one, memory: one.vcpuCount * 2 })) } : {}),
    };
    checkScaling(endpoint, body);
    endpoints.set(id, endpoint);
    return { status: 201, json: shown(endpoint) };
  }

  function changeEndpoint(endpoint: Resource, raw: unknown): FakeAnswer {
    const { gpu: cards, cpu: machines, workers: counts, ...rest } = read(updateEndpoint, raw);
    if ((cards && !endpoint.gpu) || (machines && !endpoint.cpu))
      return refused('compute family is immutable');
    const before = endpoint.gpu as Record<string, unknown> | undefined;
    const { excludedTypes: _cleared, ...kept } = before ?? {};
    const minCuda = cards?.minCudaVersion;
    const next = {
      ...{ ...endpoint, ...rest },
      workers: { ...(endpoint.workers as object), ...counts },
      ...(cards
        ? {
            gpu: {
              ...(cards.pools ? kept : before),
              ...cards,
              ...(minCuda === undefined ? {} : { minCudaVersion: minCuda === '' ? null : minCuda }),
            },
          }
        : {}),
      ...(machines ? { cpu: machines.map((one) => ({ ...one, memory: one.vcpuCount * 2 })) } : {}),
    } as Resource;
    checkCompute({ ...next, ...(next.gpu ? { gpu: { ...(next.gpu as object) } } : {}) });
    checkVolumes(rest.networkVolumes);
    checkScaling(next, { workers: counts });
    endpoints.set(endpoint.id, next);
    return { status: 200, json: shown(next) };
  }

  function makePod(raw: unknown): FakeAnswer {
    const body = read(createPod, raw);
    if ((body.gpu === undefined) === (body.cpu === undefined)) return refused('exactly one of gpu or cpu');
    const card = CARDS.find(([id]) => id === body.gpu?.id);
    if (body.gpu && !card) return refused(`unknown GPU type ${body.gpu.id}`);
    if (body.gpu && fullCards.has(body.gpu.id)) return refused(NO_CAPACITY);
    checkVolumes(body.mounts?.network.map(({ volumeId }) => volumeId));
    const id = newId('pod');
    const pod: Resource = {
      ...{ args: '', disk: 20, env: {}, ports: [], registry: null, mounts: {}, cloud: 'SECURE', ...body, id },
      ...{
        status: 'PROVISIONING',
        actions: ['stop', 'terminate'],
        template: null,
        locked: false,
        runtime: null,
      },
      cost: (body.cloud === 'COMMUNITY' ? card?.[5] : card?.[4]) ?? 0.1,
      ...{ dataCenterId: 'EU-RO-1', createdAt: '2026-11-01T00:00:00Z', startedAt: null },
    };
    pods.set(id, pod);
    return { status: 201, json: pod };
  }

  function answer(method: string, path: string, body: unknown): FakeAnswer {
    const { pathname, searchParams: query } = new URL(path, 'http://fake');
    const [, version, kind = '', id, ...more] = pathname.split('/');
    if (version !== 'v2') return missing();
    if (kind === 'catalog' && id === 'gpus' && method === 'GET' && more.length === 0) return catalogue(query);
    if (kind === 'billing' && method === 'GET' && more.length === 0)
      return answerBilling(bills, id ?? '', query, Date.now()) ?? missing();
    const held = { serverless: endpoints, 'network-volumes': volumes, pods }[kind];
    if (!held || more.length > 0) return missing();
    if (id === undefined) {
      const key = { serverless: 'endpoints', 'network-volumes': 'networkVolumes', pods: 'pods' }[kind] ?? '';
      const show = kind === 'serverless' ? shown : (one: Resource) => one;
      if (method === 'GET') return { status: 200, json: { [key]: [...held.values()].map(show) } };
      if (method !== 'POST') return problem(405, 'Method Not Allowed', 'not supported');
      if (kind === 'serverless') return makeEndpoint(body);
      return kind === 'pods' ? makePod(body) : makeVolume(body);
    }
    const found = held.get(id);
    if (!found) return missing();
    if (method === 'GET') return { status: 200, json: kind === 'serverless' ? shown(found) : found };
    if (method === 'DELETE') {
      held.delete(id);
      return { status: 204 };
    }
    if (method !== 'PATCH' || kind === 'pods') return problem(405, 'Method Not Allowed', 'not supported');
    return kind === 'serverless' ? changeEndpoint(found, body) : changeVolume(found, body);
  }

  function makeVolume(raw: unknown): FakeAnswer {
    const id = newId('vol');
    const volume = { type: 'STANDARD', ...read(createVolume, raw), id };
    volumes.set(id, volume);
    return { status: 201, json: volume };
  }

  function changeVolume(volume: Resource, raw: unknown): FakeAnswer {
    const body = read(updateVolume, raw);
    if (body.size !== undefined && body.size < Number(volume.size))
      return refused('storage cannot be reduced');
    const next = { ...volume, ...body } as Resource;
    volumes.set(volume.id, next);
    return { status: 200, json: next };
  }

  /** Availability only where it is asked for, and then for some product. */
  function catalogue(query: URLSearchParams): FakeAnswer {
    const [include, product] = [query.get('include'), query.get('product')];
    if (include !== null && include !== 'AVAILABILITY') return refused(`include: unknown value ${include}`);
    if ((include === null) !== (product === null))
      return refused('product is required with include=AVAILABILITY, and valid only with it');
    if (product?.split(',').some((one) => !['POD', 'CLUSTER', 'SERVERLESS'].includes(one)))
      return refused(`product: unknown value ${product}`);
    const gpus = CARDS.map(([id, name, pool, memory, secure, community, serverless]) => ({
      ...{ id, name, pool, manufacturer: 'NVIDIA', memory, secure: true, community: true },
      price: { secure, community, serverless: poolPrices.get(pool) ?? serverless },
      maxCount: { secure: 8, community: 4 },
      ...(include === null
        ? {}
        : { availability: fullPools.has(pool) || fullCards.has(id) ? 'NONE' : 'HIGH' }),
    }));
    return { status: 200, json: { gpus } };
  }

  return {
    ...{ endpoints, volumes, pods, fullPools, fullCards, poolPrices, bills },
    handle(method, path, body) {
      try {
        return answer(method, path, body);
      } catch (error) {
        if (error instanceof Refusal) return error.answer;
        throw error;
      }
    },
  };
}
