/** When workers are added: after a job waited too long, or by the number of jobs per worker. */
export type Scaling =
  | { readonly type: 'QUEUE_DELAY'; readonly queueDelayMs: number }
  | { readonly type: 'REQUEST_COUNT'; readonly requestCount: number };

export type BackendKind = 'process';

/** A named target that jobs are sent to, as parsed from `spillway.yaml`: durations in milliseconds, paths absolute. */
export interface Endpoint {
  readonly name: string;
  /** Name of a built-in worker; its command is found by whoever builds the gateway. */
  readonly worker?: string;
  /** Program and arguments that start one worker. Always set: for a built-in worker, its own command. */
  readonly command: readonly string[];
  /** Absolute folder in which the command runs. */
  readonly cwd: string;
  /** The endpoint's own additions to a worker's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly workers: { readonly min: number; readonly max: number; readonly idleTimeoutMs: number };
  readonly scaling: Scaling;
  readonly executionTimeoutMs: number;
  readonly ttlMs: number;
  /** How long a started worker may take until its first job-take (RunPod: 7 minutes). */
  readonly initTimeoutMs: number;
  readonly backends: readonly BackendKind[];
  /** Further deliveries after a lost worker (default 1) and after an error of the handler (default 0). */
  readonly retries: { readonly workerLost: number; readonly handlerError: number };
  /** How long a cancelled job may go on before its worker is killed. */
  readonly cancelGraceMs: number;
}
