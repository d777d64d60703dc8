import type { Check } from './check.ts';

/** What a smoke test is run against: a gateway's endpoint, an endpoint of RunPod, or a worker's own HTTP face. */
export interface SmokeTarget {
  readonly kind: 'gateway' | 'runpod' | 'pod';
  /** For people: `clip at http://127.0.0.1:8080`. */
  readonly label: string;
  /** What the signature of a job names: the endpoint, or the worker where it is called without one. */
  readonly signedName: string;
  /** On this machine, so that it may reach what is served here. */
  readonly isLocal: boolean;
  /** Whether it is there and well, and what it is. */
  readonly checks: readonly Check[];
  /**
   * Runs an input to its end, whatever that is; what is given up on is cancelled.
   * @throws CheckFailed when there is no answer.
   */
  run(input: Readonly<Record<string, unknown>>, options: RunOptions): Promise<SmokeReply>;
  /** Calls a route of a worker's own HTTP face; absent where there is none. */
  readonly call?: (path: string, body: unknown, signal: AbortSignal) => Promise<HttpReply>;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** How long it may run, not counting its wait for a worker. */
  readonly executionTimeoutMs?: number | undefined;
}

export interface SmokeReply {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string | undefined;
  /** Where the target tells. */
  readonly waitedMs?: number | undefined;
  readonly ranMs?: number | undefined;
  readonly workerId?: string | undefined;
}

export interface HttpReply {
  readonly status: number;
  /** Parsed JSON; undefined where the answer is none. */
  readonly body: unknown;
}
