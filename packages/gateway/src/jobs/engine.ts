import type { DatabaseSync } from 'node:sqlite';
import { ArtifactError } from '@spillway/artifacts';
import type { JobFailure } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import { type ByteBudget, createByteBudget } from '../lib/byte-budget.ts';
import type { Ids } from '../lib/ids.ts';
import { createDeadlines } from './deadlines.ts';
import { createDispatcher } from './dispatcher.ts';
import { createJobWaiters } from './job-waiters.ts';
import {
  createLargeValues,
  type LargeValues,
  type ValueBytes,
  type ValueQuota,
} from './large-values/large-values.ts';
import { withLargeValues } from './large-values/with-large-values.ts';
import { createJobQueue } from './queue.ts';
import { createSqliteJobStore, type SqliteJobStore } from './sqlite/sqlite-job-store.ts';
import type { Writer } from './sqlite/writer.ts';
import { createStopRequests } from './stop-requests.ts';
import { createStrayAttempts } from './stray-attempts.ts';
import type { AttemptMeter } from './usage-row.ts';
import { jobIdOf } from './wire-id.ts';

export interface JobEngineOptions {
  readonly db: DatabaseSync;
  /** What puts jobs on disk (default: the same connection, at once). */
  readonly writer?: Writer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly endpoints: readonly string[];
  /** How long a stopped attempt of the endpoint may run on before its worker is ended. */
  readonly cancelGraceMs: (endpoint: string) => number;
  /** How often workers say what they run (default 10 s). */
  readonly heartbeatMs?: number;
  readonly retentionMs: number;
  /** A worker would not stop a cancelled or timed-out attempt: end it by force. Its other jobs are handed back by then. */
  readonly onOverdueWorker: (workerId: string) => void;
  /** Workers that nobody here can end (default: there are none). */
  readonly outOfReach?: OutOfReach;
  /** Keeps inputs and outputs that are too long for a row (default: none are). */
  readonly valueBytes?: ValueBytes;
  /** How many of them may be kept (default: no bound). */
  readonly valueQuota?: ValueQuota;
  /** Of those that are read whole at a time. */
  readonly valueBudgetBytes?: number;
  /** What attempts cost (default: nothing). */
  readonly meter?: AttemptMeter | undefined;
  readonly onError: (error: unknown) => void;
}

/** What becomes of workers that would not stop an attempt and can't be ended: they keep their other jobs. */
export interface OutOfReach {
  has(workerId: string): boolean;
  /** It goes on with these jobs and should get no others, until `hasStopped`. False when nobody knows such a worker. */
  wontStop(workerId: string, jobIds: readonly string[]): boolean;
  hasStopped(workerId: string): void;
}

export type JobEngine = ReturnType<typeof createJobEngine>;

/** Queue, dispatch, waiting callers, stop requests and deadlines, wired to one another. */
export function createJobEngine(options: JobEngineOptions) {
  const { db, clock, ids, heartbeatMs = 10_000 } = options;
  const store = createSqliteJobStore(db, options.writer, { meter: options.meter });
  const values = createValues(options, store);
  const queue = createJobQueue({ store: withLargeValues(store, values), clock, ids });
  const dispatcher = createDispatcher({ queue, clock, onError: options.onError });
  const waiters = createJobWaiters({ queue, clock });
  const stops = createStopRequests({
    ...{ clock, isAsking: dispatcher.isAsking, heartbeatMs },
    onSettled: (workerId) => options.outOfReach?.hasStopped(workerId),
  });
  const strays = createStrayAttempts({
    held: queue.held,
    attempts: queue.attempts,
    stops,
    graceMs: options.cancelGraceMs,
  });

  queue.watch(({ endpoint, transition }) => {
    if (!transition?.stop) return;
    stops.add(transition.stop.workerId, transition.stop.wireId, options.cancelGraceMs(endpoint));
  });

  const deadlines = createDeadlines({
    queue,
    stops,
    clock,
    heartbeatMs,
    retentionMs: options.retentionMs,
    onError: options.onError,
    async onOverdue({ workerId, wireIds }) {
      if (options.outOfReach?.has(workerId)) {
        if (!options.outOfReach.wontStop(workerId, wireIds.map(jobIdOf))) stops.forget(workerId);
        return;
      }
      stops.forget(workerId);
      dispatcher.close(workerId);
      await queue.handBack(workerId, 'its worker had to be ended for another job');
      options.onOverdueWorker(workerId);
    },
  });

  return {
    queue,
    dispatcher,
    waiters,
    ...{ stops, strays, forgetSoon: deadlines.forgetSoon },
    /** Brings back the jobs of the last run and starts the clock. `isGone`: that worker ended with the last gateway. */
    async start(isGone: (workerId: string) => boolean): Promise<void> {
      await queue.restore(isGone);
      deadlines.start();
      dispatcher.wake(options.endpoints);
    },
    /** Ends a worker's polls and waits until it holds no job. What it still holds at the abort is handed back. */
    async drain(workerId: string, signal: AbortSignal): Promise<void> {
      dispatcher.close(workerId);
      await freeHands(queue, workerId, signal);
      stops.release(workerId);
      await queue.handBack(workerId, 'its worker was stopped');
    },
    /** The worker is gone with whatever it held. */
    async workerLost(workerId: string, failure: JobFailure): Promise<void> {
      stops.forget(workerId);
      strays.forget(workerId);
      dispatcher.forget(workerId);
      await queue.workerLost(workerId, failure);
    },
    /** Answers every held request and ends the loops; the store is closed last. */
    async stop(): Promise<void> {
      waiters.stop();
      stops.stop();
      await dispatcher.stop();
      await deadlines.stop();
    },
    /** A turn at the file of the jobs, for others who keep something there. */
    exclusive: store.exclusive,
    readAside: store.readAside,
    /** Deletes large values that no job has any more; answers how many. */
    sweepValues: values?.sweep ?? (async () => 0),
    close: () => store.close(),
  };
}

function createValues(
  { valueBytes: bytes, valueBudgetBytes, valueQuota: quota = UNBOUNDED, clock, ids }: JobEngineOptions,
  { values: rows }: SqliteJobStore,
): LargeValues | undefined {
  const budget = createValueBudget(clock, valueBudgetBytes);
  return bytes && createLargeValues({ bytes, rows, clock, ids, budget, quota });
}

const UNBOUNDED: ValueQuota = { claim: () => {}, release: () => {} };

const MIB = 1024 * 1024;
const WHOLE_VALUES_BYTES = 256 * MIB;
/** A client of RunPod's gives up after longer. */
const ROOM_WAIT_MS = 30_000;

function createValueBudget(clock: Clock, totalBytes = WHOLE_VALUES_BYTES): ByteBudget {
  const text = `large inputs and outputs that have to be read whole fill the ${Math.round(totalBytes / MIB)} MiB that they may have in memory; try again`;
  const refusal = () => new ArtifactError('STORAGE_UNAVAILABLE', text);
  return createByteBudget({ totalBytes, waitMs: ROOM_WAIT_MS, clock, refusal });
}

/** Resolves when the worker holds no job, or at the abort. */
function freeHands(
  queue: ReturnType<typeof createJobQueue>,
  workerId: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (queue.held.count(workerId) > 0 && !signal.aborted) return;
      unwatch();
      signal.removeEventListener('abort', look);
      resolve();
    };
    const unwatch = queue.watch(look);
    signal.addEventListener('abort', look);
    look();
  });
}
