import type { Clock } from '@spillway/sdk/clock';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { Ids } from '../lib/ids.ts';
import type { AttemptHooks } from './attempt-hooks.ts';
import type { LocalView } from './decide-route.ts';
import type { InputArtifacts } from './input-artifacts.ts';
import type { AttemptLine } from './remote-log.ts';
import type { RemoteStore } from './remote-store.ts';

/** What the routing of jobs needs of its surroundings. */
export interface SpillRouterOptions {
  readonly endpoints: Iterable<Endpoint>;
  readonly queue: JobQueue;
  readonly store: RemoteStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: () => number;
  /** The input as it goes out. */
  readonly inputFor: (job: Pick<Job, 'endpoint' | 'input'>) => string;
  readonly leaseMs: number;
  /** What the backends here can do for the endpoint. */
  readonly local: (endpoint: Endpoint) => LocalView;
  readonly isPaused: (endpoint: string) => boolean;
  /** Workers here get no jobs of the endpoint from now on, or again: they take them and don't end them. */
  readonly holdBack?: (endpoint: string, isHeld: boolean) => void;
  /** A worker's stop requests are settled: its attempt is not run here. */
  readonly forgetStops: (workerId: string) => void;
  /** What attempts there may cost, and what they cost. */
  readonly costs: SpillCosts;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly fetch?: typeof fetch;
  /** What workers there print, where it can be read. */
  readonly workerLogs?: (endpoint: string) => RemoteWorkerLog | undefined;
  /** Where lines on an endpoint's attempts are kept over restarts; without it they are in memory. */
  readonly logFile?: (endpoint: string) => string;
  /** Where RunPod can reach this gateway: it is to tell when a job has ended. */
  readonly hooks?: AttemptHooks | undefined;
  /** Where fields of inputs go that are too large; without it such jobs stay. */
  readonly inputs?: InputArtifacts;
}

/** What an endpoint's workers at RunPod print. It is asked for there, while somebody wants it and at no other time. */
export interface RemoteWorkerLog {
  /** The last `count` lines of each that is there now; after a second or two, and a few at most. Never rejects. */
  tail(count: number, signal: AbortSignal): Promise<readonly AttemptLine[]>;
  /** Tells these, and then every further line, until the returned function is called. */
  follow(listener: (line: AttemptLine) => void, tail: number): () => void;
}

/** The budget of what goes to RunPod, as its owner keeps it. */
export interface SpillCosts {
  /** Sets aside what an attempt is expected to cost; false where there is too little. */
  reserve(workerId: string, job: Spender): boolean;
  /** The same for one that is there already, whatever is left. */
  keep(workerId: string, job: Spender): void;
  release(workerId: string): void;
  /** Why such a job is not paid for now, as a clause. */
  obstacle(job: Spender): string | undefined;
  /** While no job of the endpoint is paid for: until when, unless one that runs there ends before. */
  blockedUntil(endpoint: string): number | undefined;
  /** Keys whose jobs are not paid for, though others' are. */
  blockedKeys(endpoint: string): readonly string[];
  note(workerId: string, report: { readonly executionMs?: number; readonly workerId?: string }): void;
}

/** Whose money an attempt costs. */
interface Spender {
  readonly endpoint: string;
  readonly keyId?: string | undefined;
}

/** What stands in a job's way to RunPod. */
export interface SpillObstacle {
  /** `BUDGET`: it is not paid for. */
  readonly code: 'BUDGET' | 'RUNPOD';
  readonly message: string;
}
