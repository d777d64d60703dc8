import type { Endpoint } from '@spillway/gateway/config';
import type { Clock } from '@spillway/sdk/clock';
import {
  type RunpodClient,
  type RunpodEndpoint,
  RunpodError,
  type RunpodGpuType,
} from '@spillway/sdk/runpod';
import { wrongUse } from '../cli-error.ts';
import { note } from '../output.ts';
import { changesBetween } from './changes.ts';
import type { LoadedFile } from './cloud.ts';
import { type DeploymentLog, readDeploymentLog } from './deployment-log.ts';
import { deploymentName, toDesired } from './desired.ts';
import { findEndpoint } from './find-actual.ts';
import { type Actual, type Desired, type Plan, planDeploy } from './plan-deploy.ts';
import { settingsOf } from './settings.ts';
import { variablesFilledIn } from './yaml-file.ts';

/** One endpoint of the file with what RunPod has of it, and what would have to be done. Changes nothing. */
export interface Prepared {
  readonly endpoint: Endpoint;
  readonly desired: Desired;
  readonly actual: Actual;
  readonly plan: Plan;
  readonly log: DeploymentLog;
  /** Fields that somebody changed at RunPod since the last deployment from here. */
  readonly drift: ReadonlySet<string>;
}

export interface Cloud {
  readonly runpod: RunpodClient;
  readonly clock: Clock;
}

/** @throws CliError with the problems of all of them. */
export async function wantedOf(
  endpoints: readonly Endpoint[],
  loaded: LoadedFile,
): Promise<ReadonlyMap<Endpoint, Desired>> {
  const { endpointNeed, fittingPools } = await import('@spillway/gateway/gpus');
  const problems: string[] = [];
  const wanted = new Map<Endpoint, Desired>();
  for (const endpoint of endpoints) {
    const { name, deploy } = endpoint;
    const path = ['endpoints', name];
    const elsewhere = otherService(endpoint);
    if (elsewhere) problems.push(`  endpoints.${name}.backends: ${elsewhere}`);
    const result = toDesired(endpoint, deploy ?? NOTHING_SAID, {
      filledIn: variablesFilledIn(loaded.text, [...path, 'env']),
      hidden: variablesFilledIn(loaded.text, [...path, 'deploy', 'env']),
      need: endpointNeed(endpoint),
      fittingPools: (memoryBytes) => fittingPools({ memoryBytes }).map(({ id }) => id),
    });
    if (result.ok) wanted.set(endpoint, result.desired);
    else problems.push(...result.problems.map((problem) => `  endpoints.${name}.${problem}`));
  }
  if (problems.length === 0) return wanted;
  throw wrongUse(`${loaded.file} doesn't say enough to deploy:\n${problems.join('\n')}`);
}

const RUNPOD_JOB_HOST = 'api.runpod.ai';

/** Its id there means nothing to RunPod, and RunPod's would mean nothing there. */
function otherService({ remote }: Endpoint, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const host = remote && new URL(remote.baseUrl).host;
  if (host === undefined || host === RUNPOD_JOB_HOST || env.RUNPOD_API_BASE_URL) return undefined;
  return `its jobs spill over to ${host}, which is not RunPod; give RunPod an endpoint of its own in the file`;
}

/** An endpoint without a `deploy` block is deployed with every default. */
const NOTHING_SAID = {
  workers: { min: 0, max: 3, idleTimeoutMs: 5000 },
  ...{ flashboot: true, volumes: [], env: {}, secrets: {} },
} as const;

export async function prepare(
  endpoint: Endpoint,
  wanted: Desired,
  { dataDir }: LoadedFile,
  cloud: Cloud,
): Promise<Prepared> {
  const log = await readDeploymentLog(dataDir, endpoint.name);
  const actual = await readActual(endpoint, log, cloud);
  // One that the file names by its id has a name already.
  const name = endpoint.deploy?.name ?? actual.endpoint?.name ?? wanted.settings.name;
  const desired = { ...wanted, settings: { ...wanted.settings, name } };
  return { endpoint, desired, actual, log, plan: planDeploy(desired, actual), drift: driftOf(log, actual) };
}

export async function readActual(
  endpoint: Endpoint,
  log: DeploymentLog,
  { runpod, clock }: Cloud,
): Promise<Actual> {
  const sought = { name: deploymentName(endpoint), endpointId: endpoint.remote?.endpointId, log };
  const found = await findEndpoint(runpod, sought, clock);
  return { volumes: await runpod.volumes.list(), ...(found ? { endpoint: found } : {}) };
}

function driftOf({ history }: DeploymentLog, { endpoint }: Actual): ReadonlySet<string> {
  const after: RunpodEndpoint | null | undefined = history.at(-1)?.after;
  if (!after || after.id !== endpoint?.id) return new Set();
  return new Set(changesBetween(settingsOf(after), settingsOf(endpoint)).map(({ field }) => field));
}

/** The catalogue of cards; undefined where the key may not read it, which is no reason to stop. */
export async function readCatalogue(runpod: RunpodClient): Promise<readonly RunpodGpuType[] | undefined> {
  try {
    return await runpod.gpus('SERVERLESS');
  } catch (error) {
    if (!(error instanceof RunpodError) || error.code === 'UNAUTHORIZED') throw error;
    note(`${error.message}; pools are not checked, and no price is shown`);
    return undefined;
  }
}

/** What the catalogue says against the cards that are wanted, as sentences. */
export function cardProblems(
  { settings }: Desired,
  catalogue: readonly RunpodGpuType[],
  name: string,
): readonly string[] {
  const { pools = [], excludedTypes = [] } = settings.gpu ?? {};
  const known = new Set(catalogue.flatMap(({ pool }) => pool ?? []));
  const unknown = pools.filter((pool) => !known.has(pool));
  const inPools = catalogue.filter(({ pool }) => pool !== null && pools.includes(pool)).map(({ id }) => id);
  const foreign = excludedTypes.filter((type) => !inPools.includes(type));
  return [
    ...unknown.map(
      (pool) => `${name}: RunPod has no pool ${pool}; it has ${[...known].toSorted().join(', ')}`,
    ),
    ...foreign.map((type) => `${name}: ${type} is in none of the pools; in them are ${inPools.join(', ')}`),
  ];
}

/** What it costs at most, and whether cards are free now; undefined where the catalogue doesn't tell. */
export function costText({ settings }: Desired, catalogue: readonly RunpodGpuType[]): string | undefined {
  const { gpu, workers } = settings;
  if (!gpu) return undefined;
  const cards = catalogue.filter(
    ({ id, pool }) => pool !== null && gpu.pools.includes(pool) && !gpu.excludedTypes.includes(id),
  );
  const prices = cards.flatMap(({ price }) => price.serverless ?? []);
  if (prices.length === 0) return undefined;
  const hour = (count: number) => `$${(Math.max(...prices) * gpu.count * count).toFixed(2)}`;
  const always = workers.min === 0 ? 'nothing while none runs' : `${hour(workers.min)} also without jobs`;
  const isFull = cards.every(({ availability }) => availability === 'NONE');
  const scarce = isFull ? '; none of its cards is free right now' : '';
  return `at most ${hour(workers.max)} an hour with all ${workers.max} workers, ${always} (RunPod's list prices now)${scarce}`;
}
