/**
 * What RunPod's management API v2 takes and gives, as far as Spillway uses it; the spelling is RunPod's. Bodies must hold
 * no field that is not here: the service refuses unknown ones. (Source: its OpenAPI document 2.0.0 of 2026-08-20.)
 */
export interface GpuSelection {
  /** Pools in order of preference, such as `ADA_24`. */
  readonly pools: readonly string[];
  /** Types to leave out of these pools, by their id, such as `NVIDIA L4`. */
  readonly excludedTypes?: readonly string[];
  /** Per worker. */
  readonly count?: number;
  readonly allowedCudaVersions?: readonly string[];
  /** `major.minor`; null or `""` for none. */
  readonly minCudaVersion?: string | null;
}

export interface CpuSelection {
  /** Flavor, such as `cpu5c`. */
  readonly id: string;
  /** A power of two. */
  readonly vcpuCount: number;
}

export interface WorkerLimits {
  readonly min: number;
  readonly max: number;
  /** Seconds, 1 to 3600. Not with REQUEST_COUNT on an endpoint with a queue. */
  readonly idleTimeout?: number;
}

export type EndpointScaling =
  | { readonly type: 'QUEUE_DELAY' /** Seconds, from 0.5. */; readonly queueDelay: number }
  | { readonly type: 'REQUEST_COUNT'; readonly requestCount: number };

export type FlashBoot = 'OFF' | 'FLASHBOOT' | 'PRIORITY_FLASHBOOT';

interface ContainerBody {
  readonly image?: string;
  /** One text, in place of the image's command. */
  readonly args?: string;
  /** Gigabytes of the container's own disk. */
  readonly disk?: number;
  /** In a PATCH it replaces all of them. */
  readonly env?: Readonly<Record<string, string>>;
  /** As `8000/http`. */
  readonly ports?: readonly string[];
  /** Id of a stored credential; null for none. */
  readonly registry?: string | null;
}

interface EndpointBody extends ContainerBody {
  readonly gpu?: GpuSelection;
  readonly cpu?: readonly CpuSelection[];
  readonly workers?: WorkerLimits;
  readonly scaling?: EndpointScaling;
  readonly dataCenterIds?: readonly string[];
  readonly networkVolumes?: readonly string[];
  /** Milliseconds that a request may run. */
  readonly timeout?: number;
  readonly flashboot?: FlashBoot;
}

export interface CreateEndpoint extends EndpointBody {
  readonly name: string;
  readonly type: 'QUEUE' | 'LOAD_BALANCER';
  readonly scaling: EndpointScaling;
}

export interface UpdateEndpoint extends Omit<EndpointBody, 'gpu'> {
  readonly name?: string;
  /** `pools` without `excludedTypes` clears those. */
  readonly gpu?: Partial<GpuSelection>;
}

export interface RunpodEndpoint extends ContainerBody {
  readonly id: string;
  readonly name: string;
  readonly type?: 'QUEUE' | 'LOAD_BALANCER';
  readonly gpu?: GpuSelection | null;
  readonly cpu?: readonly (CpuSelection & { readonly memory?: number })[];
  readonly workers: WorkerLimits;
  readonly scaling: EndpointScaling;
  readonly dataCenterIds: readonly string[];
  readonly networkVolumes: readonly string[];
  readonly timeout: number;
  readonly flashboot: FlashBoot;
  readonly createdAt: string;
}

export interface CreateVolume {
  readonly name: string;
  /** Gigabytes, 10 to 4096. */
  readonly size: number;
  readonly dataCenter: string;
  readonly type?: 'STANDARD' | 'HIGH_PERFORMANCE';
}

export interface RunpodVolume extends CreateVolume {
  readonly id: string;
}

export interface CreatePod extends ContainerBody {
  readonly name: string;
  readonly gpu?: { readonly id: string; readonly count?: number };
  readonly cpu?: CpuSelection;
  readonly cloud?: 'SECURE' | 'COMMUNITY';
  readonly dataCenterIds?: readonly string[];
  readonly mounts?: { readonly network?: readonly { readonly volumeId: string; readonly path: string }[] };
}

export type PodStatus = 'PROVISIONING' | 'STARTING' | 'RUNNING' | 'EXITED' | 'ERROR' | 'TERMINATED';

export interface RunpodPod extends ContainerBody {
  readonly id: string;
  readonly name: string;
  readonly status: PodStatus;
  /** US dollars an hour, now: 0 once it has stopped. */
  readonly cost: number;
  readonly gpu?: { readonly id: string; readonly count?: number };
  readonly cpu?: CpuSelection;
  readonly dataCenterId: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
}

export interface RunpodGpuType {
  readonly id: string;
  readonly name: string;
  /** Null where serverless workers can't have it. */
  readonly pool: string | null;
  /** Gigabytes. */
  readonly memory: number;
  readonly secure: boolean;
  readonly community: boolean;
  /** US dollars an hour for one card. */
  readonly price: { readonly secure: number; readonly community: number; readonly serverless?: number };
  readonly availability?: 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH';
}

/** What the workers of an endpoint cost in a time. */
export interface ServerlessBillRecord {
  /** RFC 3339. */
  readonly startTime: string;
  readonly endTime: string;
  readonly serverlessId: string;
  /** US dollars: cards, processors, disks and fees together. */
  readonly totalAmount: number;
}

/** What a network volume costs in a time. */
export interface VolumeBillRecord {
  /** RFC 3339. */
  readonly startTime: string;
  readonly endTime: string;
  readonly networkVolumeId: string;
  /** US dollars. */
  readonly totalAmount: number;
}

/** A worker of an endpoint. */
export interface RunpodWorker {
  readonly id: string;
  readonly status: 'RUNNING' | 'IDLE' | 'INITIALIZING' | 'THROTTLED' | 'UNHEALTHY';
}

/** What a pod, or a worker of an endpoint, printed. */
export interface RunpodLogLine {
  readonly source: 'container' | 'system';
  readonly line: string;
  /** RFC 3339. */
  readonly ts: string;
}
