import type { Clock } from '../clock/clock.ts';
import { SDK_VERSION } from '../version.ts';
import type { Link } from './gateway-link.ts';
import type { RunningJobs } from './running-jobs.ts';
import type { WorkerUrls } from './worker-urls.ts';

/**
 * Tells the server at an interval which jobs run here. It lives on the thread that runs the jobs, so a worker that
 * hangs falls silent and its jobs are delivered again. Never overlaps itself; a missed beat is made up by the next.
 */
export interface Heartbeat {
  /** Beats until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** What runs here has changed in a way that the server waits for: a beat goes out at once. */
  beatNow(): void;
  /** From now on each beat says that no job is taken any more; the first such beat goes out at once. */
  announceStop(): void;
  /** The last beat, after `run` has ended: nothing runs here any more. */
  goodbye(): Promise<void>;
}

export interface HeartbeatOptions {
  readonly link: Link;
  readonly ping: WorkerUrls['ping'];
  readonly running: Pick<RunningJobs, 'ids'>;
  readonly intervalMs: number;
  readonly clock: Clock;
}

const SHORTEST_DEADLINE_MS = 1_000;
const GOODBYE_DEADLINE_MS = 2_000;

export function createHeartbeat({ link, ping, running, intervalMs, clock }: HeartbeatOptions): Heartbeat {
  let isStopping = false;
  let rest = new AbortController();

  async function beat(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    if (!ping) return;
    const url = ping(running.ids(), SDK_VERSION, isStopping);
    // The answer doesn't matter, and neither does a failure: the polls notice a server that is away.
    await link({ method: 'GET', url, deadlineMs, ...(signal ? { signal } : {}) });
  }

  return {
    async run(signal) {
      if (!ping) return;
      const onAbort = () => rest.abort();
      signal.addEventListener('abort', onAbort, { once: true });
      while (!signal.aborted) {
        rest = new AbortController();
        const startedAt = clock.now();
        await beat(Math.max(intervalMs, SHORTEST_DEADLINE_MS), signal);
        await clock.sleep(intervalMs - (clock.now() - startedAt), rest.signal);
      }
      signal.removeEventListener('abort', onAbort);
    },
    beatNow: () => rest.abort(),
    announceStop() {
      isStopping = true;
      rest.abort();
    },
    goodbye: () => beat(GOODBYE_DEADLINE_MS),
  };
}
