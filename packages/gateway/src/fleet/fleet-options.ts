import type { JobFailure } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { BackendKind } from '../endpoints/endpoint.ts';
import type { Ids } from '../lib/ids.ts';
import type { Backend } from './backend.ts';
import type { FreePorts } from './free-ports.ts';
import type { HostHardware } from './host-hardware.ts';
import type { PoolStore } from './pool-store.ts';

/** What the fleet is given: it reaches jobs, keys and the HTTP side through these functions only. */
export interface FleetOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly backends: readonly Backend[];
  readonly hardware: HostHardware;
  /** Name of this machine, as workers report it. */
  readonly hostname: string;
  readonly heartbeatMs: number;
  /** Where workers reach the gateway, without `/v2`; asked at each start, since a free port is known late. */
  origin(backend: BackendKind): string;
  readonly keys: {
    issueKey(workerId: string, endpoint: string): string;
    revokeKey(workerId: string): void;
  };
  /** For workers that serve HTTP themselves (default: those of this machine). */
  readonly ports?: FreePorts;
  readonly log: FleetLog;
  /** Gives the worker no further job and resolves when it holds none; must resolve soon after the signal aborts. */
  drain(workerId: string, signal: AbortSignal): Promise<void>;
  /** Called once for every worker, when nothing of it runs any more: whatever it still held is lost for this reason. */
  onWorkerLost(workerId: string, endpoint: string, failure: JobFailure): void | Promise<void>;
  /** The jobs of workers that connect by themselves (default: they have none). */
  readonly jobs?: PoolJobs;
  /** Keeps for the next gateway which key their ids belong to (default: nothing is kept). */
  readonly poolStore?: PoolStore;
  /** Silence after which a worker that connects by itself is gone (default 40 s). */
  readonly leaseMs?: number;
  /** How long `stop` lets workers finish their jobs (default 20 s). */
  readonly stopGraceMs?: number;
  /** From SIGTERM to SIGKILL (default 10 s). */
  readonly killGraceMs?: number;
}

/** What the fleet asks and tells of the jobs of a worker that it did not start. */
export interface PoolJobs {
  /** How many jobs the worker holds. */
  held(workerId: string): number;
  /** No further jobs for the worker, until it is reopened or lost. */
  close(workerId: string): void;
  reopen(workerId: string): void;
}

/** The part of a logger that the fleet uses. */
export interface FleetLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const STOP_GRACE_MS = 20_000;
export const KILL_GRACE_MS = 10_000;
