import type { Clock } from '@spillway/sdk/clock';
import type { JobQueue } from './queue.ts';
import type { Overdue, StopRequests } from './stop-requests.ts';

const LONGEST_PAUSE_MS = 250;
const SHORTEST_PAUSE_MS = 10;
const BATCH = 500;
const RETENTION_EVERY_MS = 10_000;

export interface DeadlinesOptions {
  readonly queue: JobQueue;
  readonly stops: StopRequests;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** A worker ran stopped attempts on past their grace time. */
  readonly onOverdue: (overdue: Overdue) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** The loop that lets time take effect: TTLs, leases, execution timeouts, back-off, retention. */
export function createDeadlines(options: DeadlinesOptions) {
  const { queue, stops, clock } = options;
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  let nextRetentionAt = 0;

  async function sweep(): Promise<void> {
    for (;;) {
      const due = await queue.due(clock.now(), BATCH);
      await Promise.all(due.map(queue.tick));
      if (due.length < BATCH) break;
    }
    const next = await queue.nextDueAt();
    if (next !== undefined && next <= clock.now()) await queue.wakeDelayed();
    for (const overdue of stops.takeOverdue()) await options.onOverdue(overdue);
    if (clock.now() >= nextRetentionAt) {
      nextRetentionAt = clock.now() + RETENTION_EVERY_MS;
      while ((await queue.removeEndedBefore(clock.now() - options.retentionMs, BATCH)) === BATCH);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sweep();
        const next = (await queue.nextDueAt()) ?? Number.POSITIVE_INFINITY;
        const pause = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, next - clock.now()));
        await clock.sleep(pause, stopping.signal);
      } catch (error) {
        options.onError(error);
        await clock.sleep(LONGEST_PAUSE_MS, stopping.signal);
      }
    }
  }

  return {
    start(): void {
      loop ??= run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
    },
  };
}
