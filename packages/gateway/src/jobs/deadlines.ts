import type { Clock } from '@spillway/sdk/clock';
import type { Job } from './job.ts';
import type { JobQueue } from './queue.ts';
import type { Overdue, StopRequests } from './stop-requests.ts';

const LONGEST_PAUSE_MS = 250;
const SHORTEST_PAUSE_MS = 10;
const BATCH = 500;
const RETENTION_EVERY_MS = 10_000;
/** A turn of the loop that comes later than this after the one before was held up. */
const HELD_UP_MS = 1_000;

export interface DeadlinesOptions {
  readonly queue: JobQueue;
  readonly stops: StopRequests;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** How often workers say what they run. */
  readonly heartbeatMs: number;
  /** A worker ran stopped attempts on past their grace time. */
  readonly onOverdue: (overdue: Overdue) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

interface EarlyEnd {
  readonly at: number;
  readonly finishedAt: number;
}

/** The loop that lets time take effect: TTLs, leases, execution timeouts, back-off, retention. */
export function createDeadlines(options: DeadlinesOptions) {
  const { queue, stops, clock, heartbeatMs } = options;
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;
  const early = new Map<string, EarlyEnd>();
  let nextRetentionAt = 0;
  let turnedAt = clock.now();

  /**
   * Where the whole gateway stood still (its machine was busy, or its disk), workers were not heard, who may have spoken:
   * they have as long again, a heartbeat at most, before silence is held against them.
   */
  async function waitAfterStandstill(): Promise<void> {
    const goneMs = clock.now() - turnedAt;
    if (goneMs > LONGEST_PAUSE_MS + HELD_UP_MS)
      await clock.sleep(Math.min(goneMs, heartbeatMs), stopping.signal);
    turnedAt = clock.now();
  }

  /** What somebody wanted gone before its retention is over. A job that was retried since is another's to forget. */
  async function removeEarly(): Promise<void> {
    for (const [id, { at, finishedAt }] of early) {
      if (at > clock.now()) continue;
      early.delete(id);
      if ((await queue.get(id))?.finishedAt === finishedAt) await queue.remove(id, 'told');
    }
  }

  async function sweep(): Promise<void> {
    for (;;) {
      const due = await queue.due(clock.now(), BATCH);
      await Promise.all(due.map(queue.tick));
      if (due.length < BATCH) break;
    }
    const next = await queue.nextDueAt();
    if (next !== undefined && next <= clock.now()) await queue.wakeDelayed();
    for (const overdue of stops.takeOverdue()) await options.onOverdue(overdue);
    await removeEarly();
    if (clock.now() >= nextRetentionAt) {
      nextRetentionAt = clock.now() + RETENTION_EVERY_MS;
      while ((await queue.removeEndedBefore(clock.now() - options.retentionMs, BATCH)) === BATCH);
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await waitAfterStandstill();
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
      turnedAt = clock.now();
      loop ??= run();
    },
    /** Forgets a job that has ended in `inMs`, if its retention is not over before; until the gateway is restarted. */
    forgetSoon({ id, finishedAt }: Pick<Job, 'id' | 'finishedAt'>, inMs: number): void {
      const at = clock.now() + inMs;
      if (finishedAt !== undefined && at < finishedAt + options.retentionMs)
        early.set(id, { at, finishedAt });
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
    },
  };
}
