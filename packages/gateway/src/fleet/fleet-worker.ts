import type { JobFailure, WorkerState } from '@spillway/protocol';
import type { BackendKind, Endpoint } from '../endpoints/endpoint.ts';
import type { WorkerExit, WorkerHandle } from './backend.ts';
import type { WorkerAddress } from './free-ports.ts';
import type { WorkerGpu } from './gpu/worker-gpu.ts';
import type { PoolWorker } from './pool-worker.ts';
import { describeExit, describeFailedStart, NEVER_RAN } from './worker-exit.ts';
import { startLife, type WorkerLife } from './worker-machine.ts';

/** What the fleet keeps of one worker. Only fleet.ts writes `life`. */
export interface FleetWorker {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly backend: BackendKind;
  /** Cards that it was put on. Absent: it sees what the machine has. */
  readonly gpu?: WorkerGpu;
  life: WorkerLife;
  /** Set when the backend has started it, or when it came by itself. */
  process?: WorkerHandle;
  /** Set for a worker that the gateway did not start. */
  readonly pool?: PoolWorker;
  /** What goes before its start, such as pulling its image; set while that goes on. */
  preparing?: string | undefined;
  /** Set for a worker that serves HTTP itself, before it is started. */
  address?: WorkerAddress;
  /** Resolves when `process` is set, or when the start was refused. */
  started: Promise<void>;
  /** Aborts when nothing of the worker runs any more. */
  readonly ended: AbortController;
  /** Aborts when its drain has taken long enough. */
  readonly drainLimit: AbortController;
  stopping?: Promise<void>;
  /** Resolves when its life is over and its loss was told. */
  over: Promise<void>;
}

/** A worker as others see it. */
export interface WorkerSnapshot {
  readonly id: string;
  readonly endpoint: string;
  readonly backend: BackendKind;
  readonly state: WorkerState;
  /** What goes before its start; only while that goes on. */
  readonly preparing?: string;
  readonly pid?: number;
  /** UUIDs of the cards that it was put on, none where it may use none, and what is kept for it on each. */
  readonly gpu?: { readonly cards: readonly string[]; readonly memoryBytes: number };
  /** Where it listens, if it serves HTTP itself. */
  readonly address?: WorkerAddress;
  /** Where a worker from elsewhere calls from, with which software, and its last sign of life. */
  readonly remoteAddress?: string;
  readonly software?: string;
  readonly lastSeenAt?: number;
  readonly startedAt: number;
  readonly readyAt?: number;
  readonly idleSince?: number;
  readonly stoppedAt?: number;
  readonly jobs: number;
  /** Why the gateway ends it. */
  readonly stopReason?: string;
  /** What went wrong with it. */
  readonly problem?: string;
  readonly exit?: WorkerExit;
}

const FAILURE_LOG_LINES = 20;
const REASON_LOG_LINES = 5;

export function newWorker(
  id: string,
  endpoint: Endpoint,
  now: number,
  backend: BackendKind,
  gpu?: WorkerGpu,
): FleetWorker {
  return {
    id,
    endpoint,
    backend,
    ...(gpu ? { gpu } : {}),
    life: startLife(now),
    started: Promise.resolve(),
    over: Promise.resolve(),
    ended: new AbortController(),
    drainLimit: new AbortController(),
  };
}

export function snapshotOf(worker: FleetWorker): WorkerSnapshot {
  const { id, endpoint, backend, gpu, life, process, pool, preparing, address } = worker;
  const { hasWorked: _, ...shown } = life;
  // The pid of a container is that of the engine's command line, which is nobody's business.
  const pid = backend === 'process' ? process?.pid : undefined;
  return {
    id,
    endpoint: endpoint.name,
    backend,
    ...(preparing === undefined ? {} : { preparing }),
    ...(pid === undefined ? {} : { pid }),
    ...(gpu ? { gpu: { cards: gpu.cards.map((card) => card.id), memoryBytes: gpu.memoryBytes } } : {}),
    ...(address === undefined ? {} : { address }),
    ...(pool ? { ...pool.client, lastSeenAt: pool.lastSeenAt } : {}),
    ...shown,
  };
}

/** Why the jobs that a worker held came to nothing. */
export function failureOf({ life, backend, process }: FleetWorker): JobFailure {
  const ended = life.stopReason === undefined ? undefined : `was ended by the gateway: ${life.stopReason}`;
  const exit = describeExit(life.exit ?? NEVER_RAN);
  // Nobody ends a worker from elsewhere: it falls silent.
  if (backend === 'pool') return { type: 'LEASE_EXPIRED', message: `the worker ${exit}` };
  const message = `the worker ${life.problem ?? ended ?? exit}`;
  const logTail = process?.log?.printed(FAILURE_LOG_LINES).join('\n') ?? '';
  return { type: 'WORKER_CRASHED', message, ...(logTail === '' ? {} : { logTail }) };
}

/** Why a start came to nothing, with the worker's last words. */
export function failedStartReason({ life, endpoint, process }: FleetWorker): string {
  const exit = life.exit ?? NEVER_RAN;
  const early =
    life.readyAt === undefined
      ? describeFailedStart(exit, endpoint)
      : `${describeExit(exit)} soon after it ${firstDuty(endpoint)}, without having got one`;
  const reason = life.problem ?? early;
  const lines = process?.log?.printed(REASON_LOG_LINES) ?? [];
  return lines.length === 0 ? reason : `${reason}. Its last log lines:\n${lines.join('\n')}`;
}

function firstDuty({ loadBalancing }: Endpoint): string {
  return loadBalancing ? 'answered its first health check' : 'asked for its first job';
}
