import type { BackendKind, Endpoint } from '../endpoints/endpoint.ts';
import type { WorkerLog } from './worker-log.ts';

/**
 * Where workers run. A backend starts a worker and tells when it has ended; it knows neither jobs nor scaling, and
 * the worker itself talks to the gateway by RunPod's worker protocol, wherever it runs.
 */
export interface Backend {
  readonly kind: BackendKind;
  /** Ends what a gateway that died left running here; called once, before the first start. */
  recover(): Promise<Recovered>;
  /** Starts one worker; rejects with a StartError that says in a sentence why it can't. */
  start(spec: WorkerSpec): Promise<BackendWorker>;
}

/** What a dead gateway left. */
export interface Recovered {
  /** All workers it had when it died; none of them runs any more. */
  readonly workerIds: readonly string[];
  /** How many of them still ran. */
  readonly endedCount: number;
}

export interface WorkerSpec {
  readonly workerId: string;
  readonly endpoint: Endpoint;
  /** The worker's variables: RunPod's and the endpoint's own. The backend adds what its place needs (PATH, HOME). */
  readonly env: Readonly<Record<string, string>>;
}

export interface BackendWorker {
  readonly id: string;
  readonly pid?: number;
  /** Resolves when nothing of the worker runs any more and its log is complete. Never rejects. */
  readonly exited: Promise<WorkerExit>;
  readonly log: WorkerLog;
  /** Asks the worker to end (SIGTERM). Does nothing once it has ended. */
  terminate(): void;
  /** Ends the worker and all its children at once (SIGKILL). Does nothing once it has ended. */
  kill(): void;
}

/** How a worker ended; both null when it never ran. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A worker can't be started; the message is a sentence for the user. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
