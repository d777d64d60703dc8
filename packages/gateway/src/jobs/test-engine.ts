import { openDatabase } from '../db/open.ts';
import { createManualClock } from '../lib/clock.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import { createDispatcher } from './dispatcher.ts';
import { createJobWaiters } from './job-waiters.ts';
import { createJobQueue, type Submission } from './queue.ts';
import { createSqliteJobStore } from './sqlite/sqlite-job-store.ts';

/** A job engine in memory on a clock that tests move by hand. */
export function createTestEngine() {
  const clock = createManualClock();
  const store = createSqliteJobStore(openDatabase(':memory:'));
  const queue = createJobQueue({ store, clock, ids: createCountingIds() });
  const dispatcher = createDispatcher({ queue, clock });
  const waiters = createJobWaiters({ queue, clock });
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
    clock,
    queue,
    dispatcher,
    waiters,
    submit: (changes: Partial<Submission> = {}) => queue.submit({ ...submission, ...changes }),
    /** A worker's open job-take. */
    take: (workerId: string, more: { max?: number; holdMs?: number; signal?: AbortSignal } = {}) =>
      dispatcher.take({
        endpoint: 'echo',
        workerId,
        max: more.max ?? 1,
        leaseMs: 40_000,
        holdMs: more.holdMs ?? 20_000,
        signal: more.signal ?? new AbortController().signal,
      }),
    /** Ends everything; no wait may be left open. */
    async stop(): Promise<number> {
      await dispatcher.stop();
      waiters.stop();
      await clock.advance(0);
      store.close();
      return clock.pending;
    },
  };
}
