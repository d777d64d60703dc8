/**
 * Every path of the wire, in one place. The worker side is told to a worker through its environment as URL templates,
 * in which the worker itself replaces `$ID` and `$RUNPOD_POD_ID`.
 */
export const API_PREFIX = '/v2';

/** Paths of the client side, below `/v2/{endpoint}`. */
export const clientPath = {
  run: (endpoint: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/run`,
  runsync: (endpoint: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/runsync`,
  status: (endpoint: string, id: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/status/${id}`,
  statusSync: (endpoint: string, id: string) =>
    `${API_PREFIX}/${encodeURIComponent(endpoint)}/status-sync/${id}`,
  stream: (endpoint: string, id: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/stream/${id}`,
  cancel: (endpoint: string, id: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/cancel/${id}`,
  health: (endpoint: string) => `${API_PREFIX}/${encodeURIComponent(endpoint)}/health`,
} as const;

/** Paths of Spillway's own API. */
export const nativePath = {
  jobs: '/v1/jobs',
  job: (id: string) => `/v1/jobs/${encodeURIComponent(id)}`,
  cancel: (id: string) => `/v1/jobs/${encodeURIComponent(id)}/cancel`,
  retry: (id: string) => `/v1/jobs/${encodeURIComponent(id)}/retry`,
  cancelMany: '/v1/jobs/cancel',
  retryMany: '/v1/jobs/retry',
  events: '/v1/events',
  gpus: '/v1/gpus',
  workerFiles: (endpoint: string, worker: string) =>
    `/v1/endpoints/${encodeURIComponent(endpoint)}/workers/${encodeURIComponent(worker)}/files`,
  workerFile: (endpoint: string, worker: string, key: string) =>
    `${nativePath.workerFiles(endpoint, worker)}/${key}`,
  followUps: (endpoint: string, worker: string) =>
    `/v1/endpoints/${encodeURIComponent(endpoint)}/workers/${encodeURIComponent(worker)}/jobs`,
  followUp: (endpoint: string, worker: string, id: string) =>
    `${nativePath.followUps(endpoint, worker)}/${encodeURIComponent(id)}`,
  artifacts: '/v1/artifacts',
  storage: '/v1/storage',
  artifact: (id: string) => `/v1/artifacts/${encodeURIComponent(id)}`,
  artifactParts: (id: string) => `/v1/artifacts/${encodeURIComponent(id)}/parts`,
  artifactComplete: (id: string) => `/v1/artifacts/${encodeURIComponent(id)}/complete`,
  artifactUploadUrl: (id: string) => `/v1/artifacts/${encodeURIComponent(id)}/upload-url`,
  artifactDownloadUrl: (id: string) => `/v1/artifacts/${encodeURIComponent(id)}/download-url`,
  uploadTokens: '/v1/upload-tokens',
  uploadToken: (id: string) => `/v1/upload-tokens/${encodeURIComponent(id)}`,
  ownUploadToken: '/v1/upload-tokens/self',
} as const;

/** Names of the variables that a RunPod worker reads to find its server. */
export const WORKER_ENV = {
  getJob: 'RUNPOD_WEBHOOK_GET_JOB',
  postOutput: 'RUNPOD_WEBHOOK_POST_OUTPUT',
  postStream: 'RUNPOD_WEBHOOK_POST_STREAM',
  ping: 'RUNPOD_WEBHOOK_PING',
  pingIntervalMs: 'RUNPOD_PING_INTERVAL',
  key: 'RUNPOD_AI_API_KEY',
  workerId: 'RUNPOD_POD_ID',
  hostname: 'RUNPOD_POD_HOSTNAME',
  endpoint: 'RUNPOD_ENDPOINT_ID',
} as const;

export interface WorkerEnvironmentOptions {
  /** Origin of the gateway as the worker reaches it, without `/v2`. */
  readonly origin: string;
  readonly endpoint: string;
  readonly workerId: string;
  /** Sent raw in `Authorization`. */
  readonly key: string;
  readonly hostname: string;
  /** Names the hardware in every call of the worker, e.g. `cpu`. */
  readonly gpu: string;
  readonly pingIntervalMs: number;
}

export interface HttpWorkerEnvironmentOptions {
  readonly endpoint: string;
  readonly workerId: string;
  readonly hostname: string;
  readonly port: number;
  readonly healthPort: number;
  readonly healthCheckPath: string;
}

/** The RunPod environment of a worker that serves HTTP itself, behind a load-balancing endpoint. */
export function httpWorkerEnvironment(options: HttpWorkerEnvironmentOptions): Record<string, string> {
  return {
    PORT: String(options.port),
    PORT_HEALTH: String(options.healthPort),
    HEALTH_CHECK_PATH: options.healthCheckPath,
    [WORKER_ENV.workerId]: options.workerId,
    [WORKER_ENV.hostname]: options.hostname,
    [WORKER_ENV.endpoint]: options.endpoint,
  };
}

/** The RunPod environment of one worker. The official SDK appends `&…`, so every template already has a `?`. */
export function workerEnvironment(options: WorkerEnvironmentOptions): Record<string, string> {
  const base = `${options.origin}${API_PREFIX}/${encodeURIComponent(options.endpoint)}`;
  const query = `?gpu=${encodeURIComponent(options.gpu)}`;
  return {
    [WORKER_ENV.getJob]: `${base}/job-take/$ID${query}`,
    [WORKER_ENV.postOutput]: `${base}/job-done/$RUNPOD_POD_ID/$ID${query}`,
    [WORKER_ENV.postStream]: `${base}/job-stream/$RUNPOD_POD_ID/$ID${query}`,
    [WORKER_ENV.ping]: `${base}/ping/$RUNPOD_POD_ID${query}`,
    [WORKER_ENV.pingIntervalMs]: String(options.pingIntervalMs),
    [WORKER_ENV.key]: options.key,
    [WORKER_ENV.workerId]: options.workerId,
    [WORKER_ENV.hostname]: options.hostname,
    [WORKER_ENV.endpoint]: options.endpoint,
  };
}
