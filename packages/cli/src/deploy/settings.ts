import type {
  CpuSelection,
  CreateVolume,
  EndpointScaling,
  FlashBoot,
  RunpodEndpoint,
} from '@spillway/sdk/runpod';

/**
 * The settings of an endpoint at RunPod in one comparable form, whether the file wants them or the service tells them.
 * What the file doesn't speak of is absent and left as it is there.
 */
export interface EndpointSettings {
  readonly name: string;
  readonly type: 'QUEUE' | 'LOAD_BALANCER';
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Either this or `cpu`. */
  readonly gpu?: GpuSettings;
  readonly cpu?: readonly CpuSelection[];
  /** Seconds; absent where the kind of scaling has none. */
  readonly workers: { readonly min: number; readonly max: number; readonly idleTimeout?: number };
  readonly scaling: EndpointScaling;
  readonly timeout: number;
  readonly flashboot: FlashBoot;
  /** Ids; a volume that is yet to be made stands as `newVolume(…)`. */
  readonly networkVolumes: readonly string[];
  readonly args?: string;
  readonly disk?: number;
  readonly ports?: readonly string[];
  /** `''` for none. */
  readonly registry?: string;
  readonly dataCenterIds?: readonly string[];
}

interface GpuSettings {
  readonly pools: readonly string[];
  readonly excludedTypes: readonly string[];
  readonly count: number;
  /** `''` for none. */
  readonly minCudaVersion?: string;
}

/** RunPod's own ids hold no such characters. */
export const newVolume = ({ name, dataCenter }: Pick<CreateVolume, 'name' | 'dataCenter'>) =>
  `(new) ${name} in ${dataCenter}`;

/** A scaler by number of requests on a queue has no idle timeout: RunPod refuses one. */
export function hasIdleTimeout(type: EndpointSettings['type'], scaling: EndpointScaling): boolean {
  return type === 'LOAD_BALANCER' || scaling.type === 'QUEUE_DELAY';
}

/** Everything that an endpoint is there: nothing is absent that the service tells. */
export function settingsOf(endpoint: RunpodEndpoint): EndpointSettings {
  const { gpu, cpu, workers, scaling, type = 'QUEUE' } = endpoint;
  const { min, max, idleTimeout } = workers;
  const { disk } = endpoint;
  return {
    ...{ name: endpoint.name, type, image: endpoint.image ?? '', env: endpoint.env ?? {}, scaling },
    ...(gpu ? { gpu: gpuOf(gpu) } : {}),
    ...(!gpu && cpu ? { cpu: cpu.map(({ id, vcpuCount }) => ({ id, vcpuCount })) } : {}),
    workers:
      idleTimeout === undefined || !hasIdleTimeout(type, scaling) ? { min, max } : { min, max, idleTimeout },
    ...{ timeout: endpoint.timeout, flashboot: endpoint.flashboot },
    ...{ networkVolumes: endpoint.networkVolumes, dataCenterIds: endpoint.dataCenterIds },
    ...{ args: endpoint.args ?? '', ports: endpoint.ports ?? [], registry: endpoint.registry ?? '' },
    ...(disk === undefined ? {} : { disk }),
  };
}

function gpuOf(gpu: NonNullable<RunpodEndpoint['gpu']>): GpuSettings {
  const { pools, excludedTypes = [], count = 1, minCudaVersion } = gpu;
  return { pools, excludedTypes, count, minCudaVersion: minCudaVersion ?? '' };
}

const SECRET_NAME = /key|secret|token|passw|credential|auth|private/i;
const REFERENCE = /^\{\{\s*RUNPOD_SECRET_([\w-]+)\s*\}\}$/;

export const secretReference = (secret: string) => `{{ RUNPOD_SECRET_${secret} }}`;

/** Name of the secret that a value refers to; undefined for any other value. */
export function referredSecret(value: string): string | undefined {
  return REFERENCE.exec(value)?.[1];
}

/** Whether a variable's value must not be shown: by its name, as long as it is no reference. */
export function isSecretValue(name: string, value: string): boolean {
  return SECRET_NAME.test(name) && value !== '' && referredSecret(value) === undefined;
}
