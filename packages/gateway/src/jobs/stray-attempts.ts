import type { HeldJob } from './held-jobs.ts';
import type { EndedAttempt } from './job-machine.ts';
import type { StopRequests } from './stop-requests.ts';
import { attemptNumberOf, jobIdOf } from './wire-id.ts';

/**
 * Attempts that a worker runs on although they have ended: lost, or stopped by a gateway that crashed before the worker
 * heard of it. Its heartbeats give them away. What two of them in a row name and the worker does not hold is looked up,
 * once, and gets a stop request.
 */
export interface StrayAttemptsOptions {
  readonly held: { of(workerId: string): readonly HeldJob[] };
  /** The ended attempts of a job; none for an unknown one. */
  readonly attempts: (jobId: string) => Promise<readonly EndedAttempt[]>;
  readonly stops: Pick<StopRequests, 'add' | 'has'>;
  /** How long a stopped attempt of the endpoint may run on. */
  readonly graceMs: (endpoint: string) => number;
}

export interface Heartbeat {
  readonly workerId: string;
  readonly endpoint: string;
  /** What it runs, as it says. */
  readonly wireIds: ReadonlySet<string>;
}

export type StrayAttempts = ReturnType<typeof createStrayAttempts>;

/** What one heartbeat may have looked up; the rest is for the next one. */
const MOST_LOOK_UPS = 32;

export function createStrayAttempts({ held, attempts, stops, graceMs }: StrayAttemptsOptions) {
  /** Strays of each worker's last heartbeat, and whether they were looked up. */
  const byWorker = new Map<string, ReadonlyMap<string, 'named' | 'looked-up'>>();

  async function stopIfEnded(wireId: string, { workerId, endpoint }: Heartbeat): Promise<void> {
    const ended = endOf(wireId, workerId, await attempts(jobIdOf(wireId)));
    // What it reported itself it runs no more, whatever it says: its report was on its way, or it forgot to take note.
    if (!ended || ended.outcome === 'completed' || ended.outcome === 'failed') return;
    if (!stops.has(workerId, wireId)) stops.add(workerId, wireId, graceMs(endpoint));
  }

  return {
    /** Resolves when all that is to be stopped has been asked for. */
    async noteHeartbeat(heartbeat: Heartbeat): Promise<void> {
      const { workerId, wireIds } = heartbeat;
      const before = byWorker.get(workerId);
      const own = new Set(held.of(workerId).map(({ wireId }) => wireId));
      const strays = new Map<string, 'named' | 'looked-up'>();
      const due: string[] = [];
      for (const wireId of wireIds) {
        if (own.has(wireId)) continue;
        const known = before?.get(wireId);
        const isAsked = known === 'looked-up' || stops.has(workerId, wireId);
        const isDue = !isAsked && known === 'named' && due.length < MOST_LOOK_UPS;
        if (isDue) due.push(wireId);
        strays.set(wireId, isAsked || isDue ? 'looked-up' : 'named');
      }
      if (strays.size > 0) byWorker.set(workerId, strays);
      else byWorker.delete(workerId);
      for (const wireId of due) await stopIfEnded(wireId, heartbeat);
    },
    /** The worker is gone. */
    forget: (workerId: string): void => void byWorker.delete(workerId),
  };
}

/**
 * The attempt that the worker means by a wire id. One that names no attempt is its first of that job, for a second to
 * the same worker says its number.
 */
function endOf(wireId: string, workerId: string, ended: readonly EndedAttempt[]): EndedAttempt | undefined {
  const number = attemptNumberOf(wireId);
  return ended.find((one) => one.workerId === workerId && (number === undefined || one.number === number));
}
