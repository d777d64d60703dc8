import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createManualClock } from '@spillway/sdk/clock';
import { openDatabase } from '../../src/db/open.ts';
import { createJobEngine, type JobEngine } from '../../src/jobs/engine.ts';
import type { Job } from '../../src/jobs/job.ts';
import { waitUntilFinal } from '../../src/jobs/job-waiters.ts';
import type { JobChange } from '../../src/jobs/queue.ts';
import { createCountingIds } from '../../src/lib/counting-ids.ts';
import { LIMITS } from './limits.ts';

/** A worker's open poll, or a caller that waits for a job's end. */
export interface Held<T> {
  answer?: T;
  readonly hangUp: () => void;
}

export type EngineRig = ReturnType<typeof createEngineRig>;

/**
 * A real engine over a real file on a clock that is moved by hand. It can crash: the successor gets a copy of what was
 * on disk at that moment, and nothing of what the process knew.
 */
export function createEngineRig(folder: string) {
  const clock = createManualClock();
  const ids = createCountingIds();
  const failures: unknown[] = [];
  let generation = 0;
  let log: JobChange[] = [];
  let overdue: string[] = [];
  let engine = open();

  function file(): string {
    return join(folder, `jobs-${generation}.db`);
  }

  function open(): JobEngine {
    const mine = generation;
    const opened = createJobEngine({
      db: openDatabase(file()),
      clock,
      ids,
      endpoints: ['echo'],
      cancelGraceMs: () => LIMITS.graceMs,
      heartbeatMs: LIMITS.heartbeatMs,
      retentionMs: LIMITS.retentionMs,
      onOverdueWorker: (workerId) => overdue.push(workerId),
      // A crashed engine may run into anything; nobody hears of it.
      onError: (error) => mine === generation && failures.push(error),
    });
    opened.queue.watch((change) => mine === generation && log.push(change));
    return opened;
  }

  function held<T>(begin: (signal: AbortSignal) => Promise<T>): Held<T> {
    const gone = new AbortController();
    const one: Held<T> = { hangUp: () => gone.abort() };
    const mine = generation;
    void begin(gone.signal).then((answer) => {
      if (mine === generation) one.answer = answer;
    });
    return one;
  }

  return {
    clock,
    get engine() {
      return engine;
    },
    start: () => engine.start(() => false),
    take: (workerId: string, max: number): Held<readonly Job[]> =>
      held((signal) =>
        engine.dispatcher.take({
          endpoint: 'echo',
          workerId,
          max,
          leaseMs: LIMITS.leaseMs,
          holdMs: LIMITS.holdMs,
          hangUp: signal,
        }),
      ),
    waitForEnd: (id: string): Held<Job | undefined> =>
      held((signal) => waitUntilFinal(engine.queue, engine.waiters, id, { waitMs: LIMITS.waitMs, signal })),
    /** What happened since the last call, in its order. */
    changes(): readonly JobChange[] {
      const taken = log;
      log = [];
      return taken;
    },
    /** Workers that had to be ended by force since the last call. */
    overdue(): readonly string[] {
      const taken = overdue;
      overdue = [];
      return taken;
    },
    /** The process ends here and now, and another one starts over what it had written. */
    async crash(isGone: (workerId: string) => boolean): Promise<void> {
      const [left, before] = [engine, file()];
      generation += 1;
      for (const suffix of ['', '-wal']) {
        if (existsSync(before + suffix)) copyFileSync(before + suffix, file() + suffix);
      }
      const stopped = left.stop();
      await clock.settle();
      await stopped;
      await left.close();
      log = [];
      overdue = [];
      engine = open();
      await engine.start(isGone);
      await clock.settle();
    },
    /** Ends everything. What went wrong in the background, and how many waits are left open. */
    async stop(): Promise<{ failures: readonly unknown[]; open: number }> {
      generation += 1;
      const stopped = engine.stop();
      await clock.settle();
      await stopped;
      await engine.close();
      return { failures, open: clock.pending().length };
    },
  };
}
