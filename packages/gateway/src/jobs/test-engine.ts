import type { DatabaseSync } from 'node:sqlite';
import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { openDatabase } from '../db/open.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import type { Ids } from '../lib/ids.ts';
import { createJobEngine, type OutOfReach } from './engine.ts';
import type { ValueBytes, ValueQuota } from './large-values/large-values.ts';
import type { Submission } from './queue.ts';
import type { AttemptMeter } from './usage-row.ts';

const THROW = (error: unknown) => {
  throw error;
};

interface TestEngineOptions {
  readonly onError?: (error: unknown) => void;
  readonly outOfReach?: OutOfReach;
  readonly clock?: ManualClock;
  readonly meter?: AttemptMeter | undefined;
  readonly valueBytes?: ValueBytes;
  readonly valueQuota?: ValueQuota;
  /** What an engine before this one left (default: a fresh one in memory). */
  readonly db?: DatabaseSync;
  readonly ids?: Ids;
}

/** A job engine in memory on a clock that tests move by hand. */
export function createTestEngine({
  onError = THROW,
  outOfReach,
  clock = createManualClock(),
  meter,
  valueBytes,
  valueQuota,
  db = openDatabase(':memory:'),
  ids = createCountingIds(),
}: TestEngineOptions = {}) {
  const overdue: string[] = [];
  const engine = createJobEngine({
    db,
    clock,
    ids,
    endpoints: ['echo'],
    cancelGraceMs: () => 5_000,
    retentionMs: 1_800_000,
    onOverdueWorker: (workerId) => overdue.push(workerId),
    ...(outOfReach ? { outOfReach } : {}),
    meter,
    ...(valueBytes ? { valueBytes } : {}),
    ...(valueQuota ? { valueQuota } : {}),
    onError,
  });
  const { queue, dispatcher } = engine;
  const submission: Submission = {
    endpoint: 'echo',
    input: '{}',
    isLowPriority: false,
    executionTimeoutMs: 600_000,
    ttlMs: 86_400_000,
    limits: { workerLost: 1, handlerError: 0 },
    isSync: false,
  };
  return {
    ...engine,
    db,
    clock,
    ids,
    /** Workers that had to be ended by force. */
    overdue,
    submit: (changes: Partial<Submission> = {}) => queue.submit({ ...submission, ...changes }),
    /** A worker's open job-take. */
    take: (workerId: string, more: { max?: number; holdMs?: number; signal?: AbortSignal } = {}) =>
      dispatcher.take({
        endpoint: 'echo',
        workerId,
        max: more.max ?? 1,
        leaseMs: 40_000,
        holdMs: more.holdMs ?? 20_000,
        hangUp: more.signal ?? new AbortController().signal,
      }),
    /** Ends everything; no wait may be left open. */
    async stop(): Promise<number> {
      const stopped = engine.stop();
      await clock.advance(0);
      await stopped;
      await engine.close();
      return clock.pending().length;
    },
  };
}
