import type { JobFailure, WorkerState } from '@spillway/protocol';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { BackendWorker, WorkerExit } from './backend.ts';
import { describeExit, describeFailedStart, NEVER_RAN } from './worker-exit.ts';
import { startLife, type WorkerLife } from './worker-machine.ts';

/** What the fleet keeps of one worker. Only fleet.ts writes `life`. */
export interface FleetWorker {
  readonly id: string;
  readonly endpoint: Endpoint;
  life: WorkerLife;
  /** Set when the backend has started it. */
  process?: BackendWorker;
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
  readonly state: WorkerState;
  readonly pid?: number;
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

export function newWorker(id: string, endpoint: Endpoint, now: number): FleetWorker {
  return {
    id,
    endpoint,
    life: startLife(now),
    started: Promise.resolve(),
    over: Promise.resolve(),
    ended: new AbortController(),
    drainLimit: new AbortController(),
  };
}

export function snapshotOf({ id, endpoint, life, process }: FleetWorker): WorkerSnapshot {
  const { hasWorked: _, ...shown } = life;
  return {
    id,
    endpoint: endpoint.name,
    ...(process?.pid === undefined ? {} : { pid: process.pid }),
    ...shown,
  };
}

/** Why the jobs that a worker held came to nothing. */
export function failureOf({ life, process }: FleetWorker): JobFailure {
  const ended = life.stopReason === undefined ? undefined : `was ended by the gateway: ${life.stopReason}`;
  const message = `the worker ${life.problem ?? ended ?? describeExit(life.exit ?? NEVER_RAN)}`;
  const logTail = process?.log.printed(FAILURE_LOG_LINES).join('\n') ?? '';
  return { type: 'WORKER_CRASHED', message, ...(logTail === '' ? {} : { logTail }) };
}

/** Why a start came to nothing, with the worker's last words. */
export function failedStartReason({ life, endpoint, process }: FleetWorker): string {
  const exit = life.exit ?? NEVER_RAN;
  const early =
    life.readyAt === undefined
      ? describeFailedStart(exit, endpoint)
      : `${describeExit(exit)} soon after it asked for its first job, without having got one`;
  const reason = life.problem ?? early;
  const lines = process?.log.printed(REASON_LOG_LINES) ?? [];
  return lines.length === 0 ? reason : `${reason}. Its last log lines:\n${lines.join('\n')}`;
}
