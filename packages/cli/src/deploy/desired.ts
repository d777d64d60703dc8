import type { Deployment, Endpoint } from '@spillway/gateway/config';
import type { EndpointScaling } from '@spillway/sdk/runpod';
import type { Desired } from './plan-deploy.ts';
import { type EndpointSettings, hasIdleTimeout, secretReference } from './settings.ts';

/** What an endpoint of the file is to be at RunPod, or all reasons why that can't be told. Pure. */
export type DesiredResult =
  | { readonly ok: true; readonly desired: Desired }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface DesiredContext {
  /**
   * Variables of the endpoint's own `env` that the file fills in from this machine's environment. They may be secrets:
   * none of them leaves the machine unless `deploy` speaks of it.
   */
  readonly filledIn: ReadonlySet<string>;
  /** Likewise those of `deploy.env`: they are sent as asked for, and shown nowhere. */
  readonly hidden: ReadonlySet<string>;
  /** What a worker needs of cards, where that is known. */
  readonly need: { readonly memoryBytes: number; readonly count: number } | undefined;
  /** Pools whose cards have this memory, cheapest first. */
  fittingPools(memoryBytes: number): readonly string[];
}

/** Pools that RunPod's console offers to choose at most. */
const MOST_POOLS = 3;
/** What workers that serve HTTP listen on when nothing says otherwise. */
const LB_PORT = '8000/http';

export const deploymentName = ({ name, deploy }: Pick<Endpoint, 'name' | 'deploy'>) =>
  deploy?.name ?? `spillway-${name}`;

export function toDesired(endpoint: Endpoint, deploy: Deployment, context: DesiredContext): DesiredResult {
  const problems: string[] = [];
  const image = deploy.image ?? endpoint.container?.image;
  if (image === undefined) {
    problems.push(
      `deploy.image: expected the image of its workers, found none; \`spillway deploy ${endpoint.name} --build\` writes a Dockerfile for it`,
    );
  }
  const compute = toCompute(endpoint, deploy, context, problems);
  const env = toEnvironment(endpoint, deploy, context, problems);
  const args = toArgs(endpoint, deploy, problems);
  if (problems.length > 0 || image === undefined) return { ok: false, problems };
  const type = endpoint.loadBalancing ? 'LOAD_BALANCER' : 'QUEUE';
  const scaling = toScaling(endpoint);
  const { min, max, idleTimeoutMs } = deploy.workers;
  const { diskGb, registry, dataCenters } = deploy;
  const ports = deploy.ports ?? (endpoint.loadBalancing ? [LB_PORT] : undefined);
  const settings: EndpointSettings = {
    ...{ name: deploymentName(endpoint), type, image, env, scaling, ...compute },
    workers: hasIdleTimeout(type, scaling)
      ? { min, max, idleTimeout: Math.max(1, Math.round(idleTimeoutMs / 1000)) }
      : { min, max },
    timeout: endpoint.executionTimeoutMs,
    flashboot: toFlashBoot(deploy.flashboot),
    networkVolumes: deploy.volumes.flatMap((volume) => ('id' in volume ? [volume.id] : [])),
    ...(args === undefined ? {} : { args }),
    ...(diskGb === undefined ? {} : { disk: diskGb }),
    ...(ports === undefined ? {} : { ports }),
    ...(registry === undefined ? {} : { registry }),
    ...(dataCenters === undefined ? {} : { dataCenterIds: dataCenters }),
  };
  return { ok: true, desired: { settings, volumes: volumesOf(deploy), hidden: context.hidden } };
}

/** Volumes that a deployment makes where they are missing. */
export function volumesOf({ volumes }: Deployment): Desired['volumes'] {
  return volumes.flatMap((volume) => {
    if ('id' in volume) return [];
    const { sizeGb: size, ...rest } = volume;
    return [{ ...rest, size }];
  });
}

function toCompute(
  { name, gpu }: Endpoint,
  deploy: Deployment,
  { need, fittingPools }: DesiredContext,
  problems: string[],
): Pick<EndpointSettings, 'gpu' | 'cpu'> {
  if (deploy.cpu) return { cpu: deploy.cpu.map(({ flavor, vcpus }) => ({ id: flavor, vcpuCount: vcpus })) };
  const { exclude = [], minCuda } = deploy.gpu ?? {};
  const rest = { excludedTypes: exclude, ...(minCuda === undefined ? {} : { minCudaVersion: minCuda }) };
  if (deploy.gpu?.pools) return { gpu: { pools: deploy.gpu.pools, count: deploy.gpu.count, ...rest } };
  const memoryBytes = deploy.gpu?.memoryBytes ?? need?.memoryBytes;
  if (memoryBytes === undefined) {
    const found =
      gpu === 'none' ? 'that its workers use none' : 'nothing that says how much memory they need';
    problems.push(
      `deploy.gpu: expected cards for its workers, found ${found}; write \`gpu: { pools: [AMPERE_24] }\`, \`gpu: { memory: 16g }\` or \`cpu: [{ flavor: cpu5c, vcpus: 4 }]\` below \`deploy\` of ${name}`,
    );
    return {};
  }
  const pools = fittingPools(memoryBytes).slice(0, MOST_POOLS);
  if (pools.length === 0) {
    problems.push(
      `deploy.gpu: no pool of RunPod has cards with ${Math.ceil(memoryBytes / 1024 ** 3)} GB; write less \`memory\`, or \`pools\``,
    );
  }
  return { gpu: { pools, count: deploy.gpu?.count ?? need?.count ?? 1, ...rest } };
}

function toEnvironment(
  endpoint: Endpoint,
  deploy: Deployment,
  { filledIn }: DesiredContext,
  problems: string[],
): Readonly<Record<string, string>> {
  const said = { ...deploy.env, ...mapValues(deploy.secrets, secretReference) };
  for (const name of filledIn) {
    if (Object.hasOwn(said, name)) continue;
    problems.push(
      `env.${name}: its value comes from this machine's environment and is not sent to RunPod; write \`deploy.secrets: { ${name}: <name of a secret at RunPod> }\`, or its value in \`deploy.env\``,
    );
  }
  for (const name of Object.keys(deploy.secrets)) {
    if (Object.hasOwn(deploy.env, name))
      problems.push(`deploy.env.${name}: it stands in \`secrets\` too; keep one of them`);
  }
  return sortKeys({ ...ownVariables(endpoint, deploy), ...endpoint.env, ...said });
}

/** What the images of built-in workers need to know; and workers that serve HTTP, unless `ports` are the file's own. */
function ownVariables({ worker, loadBalancing }: Endpoint, { ports }: Deployment): Record<string, string> {
  const [port = ''] = LB_PORT.split('/');
  return {
    ...(worker === undefined ? {} : { WORKER: worker }),
    ...(loadBalancing && ports === undefined
      ? { PORT: port, PORT_HEALTH: port, HEALTH_CHECK_PATH: loadBalancing.healthCheckPath }
      : {}),
    ...(worker !== undefined && loadBalancing ? { RUNPOD_SERVERLESS: 'false' } : {}),
  };
}

/** RunPod takes one text; how it cuts that into words is not documented, so nothing that needs quoting is joined. */
function toArgs({ container }: Endpoint, deploy: Deployment, problems: string[]): string | undefined {
  if (deploy.args !== undefined || container?.args === undefined || deploy.image !== undefined)
    return deploy.args;
  if (container.args.every((word) => /^[^\s"'\\]+$/.test(word))) return container.args.join(' ');
  problems.push(
    'args: a word of it has spaces or quotes, and RunPod takes one text; write it as `deploy.args`',
  );
  return undefined;
}

function toScaling({ scaling }: Endpoint): EndpointScaling {
  return scaling.type === 'QUEUE_DELAY'
    ? { type: 'QUEUE_DELAY', queueDelay: scaling.queueDelayMs / 1000 }
    : { type: 'REQUEST_COUNT', requestCount: scaling.requestCount };
}

function toFlashBoot(flashboot: Deployment['flashboot']): EndpointSettings['flashboot'] {
  if (flashboot === 'priority') return 'PRIORITY_FLASHBOOT';
  return flashboot ? 'FLASHBOOT' : 'OFF';
}

function mapValues<A, B>(block: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(block).map(([key, value]) => [key, map(value)]));
}

function sortKeys(block: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(block).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
