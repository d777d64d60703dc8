import type { GiveWay } from '../fleet/gpu/gpu-placer.ts';
import { ACTIVE_STATES, type ScaledWorker } from './decide-scale.ts';
import type { QueueSnapshot } from './queue-view.ts';

/** The endpoint that has no room for a worker. */
export interface AskingEndpoint {
  readonly queue: QueueSnapshot;
  /** Workers of every kind take its jobs already, or will. */
  readonly hasWorkers: boolean;
}

/** Another endpoint, whose workers may hold what a waiting job needs. */
export interface OtherEndpoint {
  /** Workers that it keeps, by what holds now. */
  readonly min: number;
  readonly queue: QueueSnapshot;
  /** The workers that we start. */
  readonly workers: readonly SharingWorker[];
}

export interface SharingWorker extends ScaledWorker {
  readonly readyAt?: number;
}

/**
 * How long a job of an endpoint without any worker waits, and a worker of another is left at work, before the worker ends
 * after the jobs that it has, so that both endpoints get their turn on the card. Longer than a start mostly takes, or the
 * card would be busy with those alone.
 */
export const TURN_MS = 30_000;

/**
 * Whose end may make room on a card for a job of another endpoint. An endpoint keeps `min` of its workers; the others may
 * end: an idle one at once, unless its own endpoint has a job that waits for longer (it is about to take it), and any that
 * has had its turn once the job has waited for a turn and its endpoint has no worker at all. Idle ones go first, the longest
 * idle in front. Without a waiting job (a worker that is started for `min`, say) none ends.
 */
export function decideGiveWay(
  asking: AskingEndpoint,
  others: readonly OtherEndpoint[],
  now: number,
): GiveWay {
  const { queued, queuedLowPriority, oldestQueuedAt } = asking.queue;
  const isWaiting = queued - queuedLowPriority > 0 && oldestQueuedAt !== undefined;
  const waitsSince = isWaiting ? oldestQueuedAt : Number.POSITIVE_INFINITY;
  const isOverdue = !asking.hasWorkers && now - waitsSince >= TURN_MS;
  const may = others
    .flatMap(({ min, queue, workers }) => {
      const active = workers.filter(({ state }) => ACTIVE_STATES.includes(state)).toSorted(inTurn);
      const isAhead = !queue.isPaused && (queue.oldestQueuedAt ?? Number.POSITIVE_INFINITY) <= waitsSince;
      return active.slice(0, Math.max(0, active.length - min)).map((worker) => ({
        worker,
        endsNow:
          isWaiting &&
          ((isIdle(worker) && !isAhead) || (isOverdue && now - (worker.readyAt ?? now) >= TURN_MS)),
      }));
    })
    .toSorted((a, b) => inTurn(a.worker, b.worker));
  const ids = (endsNow: boolean) =>
    may.filter((one) => one.endsNow === endsNow).map(({ worker }) => worker.id);
  return { now: ids(true), later: ids(false), isOverdue };
}

/** Idle ones first, the longest idle in front; then the longest at work. */
function inTurn(a: SharingWorker, b: SharingWorker): number {
  return (
    Number(isIdle(b)) - Number(isIdle(a)) || since(a) - since(b) || (a.id < b.id ? -1 : Number(a.id !== b.id))
  );
}

function since(worker: SharingWorker): number {
  const at = isIdle(worker) ? worker.idleSince : worker.readyAt;
  // Not Infinity: two of them have no difference.
  return at ?? Number.MAX_SAFE_INTEGER;
}

function isIdle({ state, jobs }: ScaledWorker): boolean {
  return state === 'idle' && jobs === 0;
}
