import type { BackendKind, Endpoint } from '../endpoints/endpoint.ts';
import type { Card } from './gpu/card.ts';
import type { WorkerLog } from './worker-log.ts';

/**
 * Where workers run. A backend starts a worker and tells when it has ended; it knows neither jobs nor scaling, and
 * the worker itself talks to the gateway by RunPod's worker protocol, wherever it runs.
 */
export interface Backend {
  readonly kind: BackendKind;
  /** Ends what a gateway that died left running here; called once, before the first start. */
  recover(): Promise<Recovered>;
  /**
   * Starts one worker, or begins to (see `preparation`); rejects with a StartError that says in a sentence why it can't.
   */
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
  /** The worker's variables: RunPod's and the endpoint's own. A process gets PATH, HOME and locale on top of them. */
  readonly env: Readonly<Record<string, string>>;
  /** The cards that it is to see. Absent: as the endpoint says, or all. */
  readonly cards?: readonly Card[];
}

/** A worker that a backend has started. */
export interface BackendWorker extends WorkerHandle {
  readonly log: WorkerLog;
}

/** What the fleet has in hand of a worker, wherever it came from. */
export interface WorkerHandle {
  readonly id: string;
  /** Of the process that leads it on this machine: of a container, the engine's command line. */
  readonly pid?: number | undefined;
  /** What goes before the worker itself, such as pulling its image; absent when it runs already. */
  readonly preparation?: Preparation;
  /** Resolves when nothing of the worker runs any more and its log is complete. Never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Absent for a worker that was started elsewhere: its output is there. */
  readonly log?: WorkerLog;
  /** Asks the worker to end (SIGTERM). Does nothing once it has ended. */
  terminate(): void;
  /** Ends the worker and all its children at once (SIGKILL). Does nothing once it has ended. */
  kill(): void;
}

export interface Preparation {
  /** A sentence, such as "the image x is being pulled". */
  readonly what: string;
  /** Resolves when it is done, or will never be. */
  readonly done: Promise<void>;
}

/** How a worker ended; `code` and `signal` are null when it never ran. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the backend knows beyond them, as the rest of a sentence that begins with "the worker". */
  readonly problem?: string;
}

/** A worker can't be started; the message is a sentence for the user. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
