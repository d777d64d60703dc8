import type { Deployment } from './deployment.ts';

/** When workers are added: after a job waited too long, or by the number of jobs per worker. */
export type Scaling =
  | { readonly type: 'QUEUE_DELAY'; readonly queueDelayMs: number }
  | { readonly type: 'REQUEST_COUNT'; readonly requestCount: number };

/**
 * Where workers run: `process` and `container` are started by this gateway on its machine, `pool` workers connect from
 * anywhere by themselves; to `runpod` jobs are handed that wait too long for the others.
 */
const BACKEND_KINDS = ['process', 'container', 'pool', 'runpod'] as const;
export type BackendKind = (typeof BACKEND_KINDS)[number];

/** A serverless endpoint elsewhere that speaks RunPod's job API, and when jobs go there. */
export interface RemoteBackend {
  readonly endpointId: string;
  readonly apiKey: string;
  /** With `/v2`, without a slash at its end. */
  readonly baseUrl: string;
  /** Jobs that may be there at once. */
  readonly maxInFlight: number;
  /** A job that has waited so long goes there. */
  readonly queueDelayMs: number;
  /** One that has waited so long in the queue there goes on to the next such backend; without it as long as here. */
  readonly waitThereMs?: number;
  /** At once while the backends here can run nothing. */
  readonly onUnhealthy: boolean;
  /** RunPod's pool that its workers are of, by which they are priced, and how many cards each has. */
  readonly gpuPool?: string;
  readonly gpuCount?: number;
  /** Jobs stop going there for the rest of the (UTC) day; millionths of a dollar. */
  readonly maxCostPerDayMicros?: number;
  /** Set to try what becomes of jobs when its calls go wrong. */
  readonly faults?: RemoteFaults;
}

/** What befalls calls of a remote backend, to try it: shares of them from 0 to 1. */
export interface RemoteFaults {
  /** Before each call. */
  readonly latencyMs: number;
  /** Answered 500, and not passed on. */
  readonly errorRate: number;
  /** Answered 429, and not passed on. */
  readonly throttleRate: number;
  /** Passed on; the answer is lost. */
  readonly lostAnswers: number;
  readonly seed: number;
}

/** Memory of graphics cards that one worker needs. */
export interface GpuNeed {
  /** On each of its cards. */
  readonly memoryBytes: number;
  /** How many cards. */
  readonly count: number;
}

/** `none`: it runs on the CPU. `wanted`: on a card where it finds one. `required`: on nothing else. */
export type CardUse = 'none' | 'wanted' | 'required';

/** How the image of a `container` endpoint is run. */
export interface ContainerSettings {
  readonly image: string;
  /** In place of the image's own command; its entry point stays. */
  readonly args?: readonly string[];
  /** Cards that a worker sees; 0 for none. Absent: all, where this machine has any. */
  readonly gpus?: 'all' | number;
  readonly volumes: readonly ContainerVolume[];
  readonly memoryBytes?: number;
  /** Size of /dev/shm. Absent: the engine's own. */
  readonly shmSizeBytes?: number;
}

export interface ContainerVolume {
  /** Absolute folder of this machine, or the name of a volume of the engine. */
  readonly source: string;
  readonly target: string;
  /** Such as `ro`, in the engine's words. */
  readonly options?: string;
}

/** How requests reach workers that serve HTTP themselves (RunPod's load-balancing endpoints). */
export interface LoadBalancing {
  /** Host name, in lower case, under which the endpoint is served whole; under `/lb/{endpoint}/` it always is. */
  readonly host?: string;
  /** Asked of each worker: 200 is ready, 204 still starts, anything else is out of the rotation. */
  readonly healthCheckPath: string;
  readonly healthCheckIntervalMs: number;
  /** The checks go to a port of their own. */
  readonly hasHealthPort: boolean;
  /** How long a request waits for a worker with room. */
  readonly waitTimeoutMs: number;
  /** How long a worker may take for one request. */
  readonly requestTimeoutMs: number;
  /** Of a request's body and of an answer's. */
  readonly payloadLimitBytes: number;
}

/** Signed jobs (docs/signing.md): whose signature counts, and what the gateway signs with itself. */
export interface Signing {
  /** `hmac: true`: the gateway verifies what is submitted, and workers get a fresh signature with each attempt. */
  readonly isVerified: boolean;
  /** The current secret, then the one before while they are rotated. Empty: nothing is accepted. */
  readonly secrets: readonly string[];
  /** How far a signature's time may lie from now. */
  readonly windowSeconds: number;
}

export interface UploadLimit {
  readonly bytes: number;
  /** Which one of the endpoint's settings says so. */
  readonly setting: string;
}

export interface DurationLimit {
  readonly ms: number;
  /** Which one of the endpoint's settings says so. */
  readonly setting: string;
}

/**
 * Scheduled pre-warming: at given hours of given days more workers run than `workers.min` asks for, so that the first
 * jobs of a shift meet a warm worker.
 */
export interface WarmWindow {
  /** Days on which it begins: 0 Sunday … 6 Saturday. */
  readonly days: readonly number[];
  /** Minutes since midnight; a window whose end is not after its start ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly min: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** A named target that jobs are sent to, as parsed from `spillway.yaml`: durations in milliseconds, paths absolute. */
export interface Endpoint {
  readonly name: string;
  /** Name of a built-in worker; its command is found by whoever builds the gateway. */
  readonly worker?: string;
  /**
   * Program and arguments that start one worker; for a built-in worker, its own command. Empty where the gateway starts
   * no process: for an image, and where workers only connect.
   */
  readonly command: readonly string[];
  /** Set for an endpoint with an `image`. */
  readonly container?: ContainerSettings;
  /** Absolute folder in which the command runs. */
  readonly cwd: string;
  /** The endpoint's own additions to a worker's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What a worker needs of graphics cards; `none`: it sees none. Absent: the file doesn't say. */
  readonly gpu?: GpuNeed | 'none';
  /** What a built-in worker makes of cards, with this environment. */
  readonly cardUse?: CardUse;
  /** Of one upload for its workers; a larger one is refused before it begins. Absent: of any size. */
  readonly uploadLimit?: UploadLimit;
  /** Of one video for its workers, where its length is told when its upload begins. Absent: of any length. */
  readonly durationLimit?: DurationLimit;
  readonly workers: {
    readonly min: number;
    readonly max: number;
    readonly idleTimeoutMs: number;
    /** Hours in which more than `min` are kept. */
    readonly warm?: readonly WarmWindow[];
  };
  readonly scaling: Scaling;
  /** Set for an endpoint whose workers serve HTTP themselves; it takes no jobs. */
  readonly loadBalancing?: LoadBalancing;
  /** Set where jobs are verified here, or where the gateway could sign some. */
  readonly signing?: Signing;
  /** Names under which `/v1/embeddings` finds it. */
  readonly embeddingModels?: readonly string[];
  readonly executionTimeoutMs: number;
  readonly ttlMs: number;
  /** How long a started worker may take until its first job-take (RunPod: 7 minutes). */
  readonly initTimeoutMs: number;
  readonly backends: readonly BackendKind[];
  /** Set where `runpod` is among the backends: the first one. */
  readonly remote?: RemoteBackend;
  /** Those behind it, in order; they have its spill rule. */
  readonly furtherRemotes?: readonly RemoteBackend[];
  /** Fields of its inputs that may hold a URL in place of what they hold. */
  readonly urlFields?: readonly string[];
  /** Its cloud side, for `spillway deploy`; nothing of the gateway's own reads it. */
  readonly deploy?: Deployment;
  /** Further deliveries after a lost worker (default 1) and after an error of the handler (default 0). */
  readonly retries: { readonly workerLost: number; readonly handlerError: number };
  /** How long a cancelled job may go on before its worker is killed. */
  readonly cancelGraceMs: number;
}

/** Where its jobs may go that wait too long here, in order. */
export function remotesOf({
  remote,
  furtherRemotes = [],
}: Pick<Endpoint, 'remote' | 'furtherRemotes'>): readonly RemoteBackend[] {
  return remote ? [remote, ...furtherRemotes] : [];
}

/** Whether the gateway starts workers of the endpoint itself. */
export function startsWorkers({ backends }: Pick<Endpoint, 'backends'>): boolean {
  return backends.some((kind) => kind === 'process' || kind === 'container');
}

/** Whether workers that the gateway didn't start may take the endpoint's jobs. */
export function takesPoolWorkers({ backends }: Pick<Endpoint, 'backends'>): boolean {
  return backends.includes('pool');
}
