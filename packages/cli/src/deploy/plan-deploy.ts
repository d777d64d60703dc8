import type {
  CreateEndpoint,
  CreateVolume,
  RunpodEndpoint,
  RunpodVolume,
  UpdateEndpoint,
} from '@spillway/sdk/runpod';
import { type Change, changesBetween } from './changes.ts';
import { type EndpointSettings, newVolume, settingsOf } from './settings.ts';

/**
 * What has to be done at RunPod so that an endpoint is as wanted: a pure function of what is wanted and what is there.
 * Steps stand in an order in which each finds what it needs; applied, they leave nothing for a second plan.
 */
export interface Desired {
  readonly settings: EndpointSettings;
  /** Volumes that are to exist; `settings.networkVolumes` doesn't hold them. */
  readonly volumes: readonly CreateVolume[];
  /** Variables whose values must not be shown, whatever they are called. */
  readonly hidden?: ReadonlySet<string>;
}

export interface Actual {
  readonly endpoint?: RunpodEndpoint;
  readonly volumes: readonly RunpodVolume[];
}

export type Step =
  | { readonly type: 'create-volume'; readonly body: CreateVolume }
  | {
      readonly type: 'enlarge-volume';
      readonly id: string;
      readonly name: string;
      readonly from: number;
      readonly to: number;
    }
  | { readonly type: 'create-endpoint'; readonly body: CreateEndpoint; readonly changes: readonly Change[] }
  | {
      readonly type: 'update-endpoint';
      readonly id: string;
      readonly name: string;
      readonly body: UpdateEndpoint;
      readonly changes: readonly Change[];
    }
  | { readonly type: 'delete-endpoint'; readonly id: string; readonly name: string }
  | { readonly type: 'delete-volume'; readonly id: string; readonly name: string };

export interface Plan {
  /** Empty where all is as wanted. */
  readonly steps: readonly Step[];
  /** Why it can't be done, as sentences; then there are no steps. */
  readonly refusals: readonly string[];
}

export function planDeploy({ settings, volumes, hidden }: Desired, actual: Actual): Plan {
  const storage = volumes.map((volume) => planVolume(volume, actual.volumes));
  const wanted = {
    ...settings,
    networkVolumes: [...settings.networkVolumes, ...storage.flatMap(({ id }) => id ?? [])],
  };
  const { endpoint } = actual;
  const refusals = [
    ...storage.flatMap(({ refusal }) => refusal ?? []),
    ...(endpoint ? immutableDifferences(wanted, settingsOf(endpoint)) : []),
  ];
  if (refusals.length > 0) return { steps: [], refusals };
  const steps = storage.flatMap(({ step }) => step ?? []);
  const changes = changesBetween(endpoint ? settingsOf(endpoint) : undefined, wanted, hidden);
  if (!endpoint) {
    steps.push({ type: 'create-endpoint', body: createBody(wanted), changes });
  } else if (changes.length > 0) {
    const body = updateBody(wanted, changes, endpoint);
    steps.push({ type: 'update-endpoint', id: endpoint.id, name: endpoint.name, body, changes });
  }
  return { steps, refusals };
}

/** Takes an endpoint away, and volumes only where they are named: their data would be gone. */
export function planUndeploy(actual: Actual, volumes: readonly CreateVolume[]): Plan {
  const { endpoint } = actual;
  const steps: Step[] = endpoint ? [{ type: 'delete-endpoint', id: endpoint.id, name: endpoint.name }] : [];
  const found = volumes.map((volume) => ({ volume, same: sameVolumes(volume, actual.volumes) }));
  const refusals = found.flatMap(({ volume, same }) => (same.length > 1 ? [ambiguous(volume, same)] : []));
  for (const { id, name } of found.flatMap(({ same }) => same))
    steps.push({ type: 'delete-volume', id, name });
  return refusals.length > 0 ? { steps: [], refusals } : { steps, refusals };
}

interface PlannedVolume {
  readonly id?: string;
  readonly step?: Step;
  readonly refusal?: string;
}

function planVolume(volume: CreateVolume, existing: readonly RunpodVolume[]): PlannedVolume {
  const same = sameVolumes(volume, existing);
  const [found] = same;
  if (same.length > 1) return { refusal: ambiguous(volume, same) };
  if (!found) return { id: newVolume(volume), step: { type: 'create-volume', body: volume } };
  const { id, name, size } = found;
  if (size > volume.size) {
    return {
      refusal: `volume ${name} (${id}) has ${size} GB, and RunPod's volumes can't shrink to ${volume.size} GB: write \`size: ${size}g\``,
    };
  }
  if (size === volume.size) return { id };
  return { id, step: { type: 'enlarge-volume', id, name, from: size, to: volume.size } };
}

function sameVolumes({ name, dataCenter }: CreateVolume, existing: readonly RunpodVolume[]) {
  return existing.filter((one) => one.name === name && one.dataCenter === dataCenter);
}

function ambiguous({ name, dataCenter }: CreateVolume, same: readonly RunpodVolume[]): string {
  const ids = same.map(({ id }) => id).join(', ');
  return `there are ${same.length} volumes called ${name} in ${dataCenter} (${ids}): write the id of the one that is meant`;
}

/** What RunPod can't change of an endpoint that exists. */
function immutableDifferences(wanted: EndpointSettings, actual: EndpointSettings): string[] {
  const mend =
    'take it down (`spillway undeploy`) and deploy it anew, or give the new one a `name` of its own';
  const refusals: string[] = [];
  if (wanted.type !== actual.type) {
    refusals.push(`RunPod can't make a ${actual.type} endpoint a ${wanted.type} one: ${mend}`);
  }
  if ((wanted.gpu === undefined) !== (actual.gpu === undefined)) {
    const [from, to] = actual.gpu ? ['with cards', 'without'] : ['without cards', 'with'];
    refusals.push(`RunPod can't turn workers ${from} into ones ${to}: ${mend}`);
  }
  return refusals;
}

function createBody(wanted: EndpointSettings): CreateEndpoint {
  const { gpu, registry, networkVolumes, ...rest } = wanted;
  return {
    ...rest,
    ...(gpu ? { gpu: gpuBody(gpu) } : {}),
    ...(registry ? { registry } : {}),
    ...(networkVolumes.length > 0 ? { networkVolumes } : {}),
  };
}

function gpuBody({ minCudaVersion, excludedTypes, ...rest }: NonNullable<EndpointSettings['gpu']>) {
  return {
    ...rest,
    ...(excludedTypes.length > 0 ? { excludedTypes } : {}),
    ...(minCudaVersion ? { minCudaVersion } : {}),
  };
}

/** Blocks go whole: a list of pools without its exclusions would clear those. */
function updateBody(
  wanted: EndpointSettings,
  changes: readonly Change[],
  endpoint: RunpodEndpoint,
): UpdateEndpoint {
  const changed = new Set(changes.map(({ field }) => field.split('.')[0] ?? ''));
  const { gpu, type: _immutable, registry, ...rest } = wanted;
  const body: Record<string, unknown> = Object.fromEntries(
    Object.entries(rest).filter(([key]) => changed.has(key)),
  );
  if (changed.has('registry')) body.registry = registry === '' ? null : registry;
  if (gpu && changed.has('gpu')) {
    // A floor and a set of versions exclude each other.
    const clearsSet = gpu.minCudaVersion && (endpoint.gpu?.allowedCudaVersions ?? []).length > 0;
    body.gpu = { ...gpu, ...(clearsSet ? { allowedCudaVersions: [] } : {}) };
  }
  return body;
}
