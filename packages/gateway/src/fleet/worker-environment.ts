import path from 'node:path';
import { httpWorkerEnvironment, modelsCacheOf, workerEnvironment } from '@spillway/protocol';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { WorkerAddress } from './free-ports.ts';
import type { HostHardware } from './host-hardware.ts';

/**
 * A worker's environment is made, never inherited: RunPod's variables and the endpoint's own here, an allow-list of
 * the machine's in `inheritedEnvironment`. No key or secret of the gateway can get in.
 */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly endpoint: Endpoint;
  /** Valid for this worker alone. */
  readonly key: string;
  /** Where this worker reaches the gateway, without `/v2`. */
  readonly origin: string;
  readonly heartbeatMs: number;
  readonly hostname: string;
  readonly hardware: HostHardware;
  /** Where it is to listen, if it serves HTTP itself; it is told nothing of jobs then. */
  readonly address?: WorkerAddress | undefined;
  /** `CUDA_VISIBLE_DEVICES` of a worker that was put on certain cards; the endpoint can't change it. */
  readonly devices?: string | undefined;
}

/** RunPod's variables and the endpoint's own. The endpoint may change settings, but not who the worker is. */
export function buildWorkerEnvironment(identity: WorkerIdentity): Record<string, string> {
  const { workerId, endpoint, key, origin, heartbeatMs, hostname, hardware, address, devices } = identity;
  const { loadBalancing } = endpoint;
  const who = { endpoint: endpoint.name, workerId, hostname };
  return {
    // By this name the built-in workers know `HOST` below; their images would serve on all addresses otherwise.
    ...(address ? { API_HOST: '127.0.0.1' } : {}),
    ...settings(hardware),
    // Whoever reads it opens no port to the network, past the gateway's keys.
    ...(address ? { HOST: '127.0.0.1' } : {}),
    // Workers that are kept running before a job comes have the time; others are started for a job that waits.
    ...(endpoint.workers.min > 0 ? { ONNX_WARM_UP: 'ready' } : {}),
    ...endpoint.env,
    ...(devices === undefined ? {} : { CUDA_VISIBLE_DEVICES: devices }),
    ...withoutProxy(origin, endpoint.env),
    ...(address && loadBalancing
      ? httpWorkerEnvironment({ ...who, ...address, healthCheckPath: loadBalancing.healthCheckPath })
      : workerEnvironment({ ...who, origin, key, gpu: hardware.gpuName, pingIntervalMs: heartbeatMs })),
  };
}

/** RunPod's variables for a worker that somebody starts elsewhere, on a machine of which nothing is known. */
export function poolEnvironment(
  identity: Pick<WorkerIdentity, 'workerId' | 'key' | 'origin' | 'heartbeatMs'> & {
    readonly endpoint: string;
  },
): Record<string, string> {
  const { endpoint, workerId, key, origin, heartbeatMs } = identity;
  return {
    ...LAB_SETTINGS,
    ...workerEnvironment({
      origin,
      endpoint,
      workerId,
      key,
      hostname: workerId,
      gpu: 'pool',
      pingIntervalMs: heartbeatMs,
    }),
  };
}

const LAB_SETTINGS = {
  // The SDK's start-up checks want 8.8.8.8:53, 4 GB of memory and a tenth of the disk free, and exit without.
  RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'true',
  // Its download helpers (1.12) refuse private addresses, and this gateway's own links are such.
  RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS: 'true',
} as const;

/** Settings that fit a machine which is no data centre; the endpoint's `env` may change them. */
function settings({ cpuCount, gpuCount, gpuName }: HostHardware): Record<string, string> {
  return {
    // Without it Python's block-buffered output would be missing from the log of a worker that was killed.
    PYTHONUNBUFFERED: '1',
    // glibc gives buffers above this size back to the system when they are freed; left to itself it raises the limit with
    // each such buffer, up to 32 MB, and a worker keeps what its largest job took.
    MALLOC_MMAP_THRESHOLD_: '1000000',
    // Images that can be a pod or a serverless worker read this.
    RUNPOD_SERVERLESS: 'true',
    ...LAB_SETTINGS,
    RUNPOD_CPU_COUNT: String(cpuCount),
    RUNPOD_GPU_COUNT: String(gpuCount),
    ...(gpuCount === 0
      ? { RUNPOD_SKIP_GPU_CHECK: 'true' }
      : { RUNPOD_GPU_NAME: gpuName.replaceAll(' ', '+') }),
  };
}

/** Calls to the gateway never go through a proxy that the endpoint sets for everything else. */
function withoutProxy(origin: string, env: Readonly<Record<string, string>>): Record<string, string> {
  const { hostname } = new URL(origin);
  const known = env.NO_PROXY ?? env.no_proxy;
  const hosts = [known, hostname.replaceAll(/[[\]]/g, '')].filter((host) => host).join(',');
  return { NO_PROXY: hosts, no_proxy: hosts };
}

const INHERITED = new Set([
  'PATH',
  'TZ',
  'TMPDIR',
  'LANG',
  'LANGUAGE',
  // Which libraries and which cards: a worker on another card than its operator chose would be a surprise.
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'NVIDIA_VISIBLE_DEVICES',
  'NVIDIA_DRIVER_CAPABILITIES',
  'SPILLWAY_MODELS_DTYPE',
  // Paths of certificate stores, which closed networks need.
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
]);

type HostEnvironment = Readonly<Record<string, string | undefined>>;

/** The few variables of the gateway's own environment that a process on the same machine gets. */
export function inheritedEnvironment(host: HostEnvironment): Record<string, string> {
  const inherited = Object.entries(host).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (INHERITED.has(entry[0]) || entry[0].startsWith('LC_')),
  );
  return { ...Object.fromEntries(inherited), ...modelPlaces(host) };
}

/** Where models lie on this machine: a worker has another home and another working folder. */
function modelPlaces(host: HostEnvironment): Record<string, string> {
  const { SPILLWAY_MODELS_DIR: folders, HF_HUB_CACHE: hubCache } = host;
  const own = (folders ?? '').split(path.delimiter).filter((folder) => folder.trim() !== '');
  const places = {
    SPILLWAY_MODELS_DIR: own.map((folder) => path.resolve(folder)).join(path.delimiter),
    SPILLWAY_MODELS_CACHE: absolute(modelsCacheOf(host)),
    HF_HUB_CACHE: absolute(hubCache),
  };
  return Object.fromEntries(Object.entries(places).filter(([, place]) => place !== ''));
}

function absolute(folder: string | undefined): string {
  return folder?.trim() ? path.resolve(folder.trim()) : '';
}
