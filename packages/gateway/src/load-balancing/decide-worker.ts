import type { Affinity } from './affinity.ts';

/** A worker that serves HTTP itself, as the choice among them sees it. */
export interface BalancedWorker {
  readonly id: string;
  /** Its last health check was answered 200. */
  readonly isHealthy: boolean;
  /** It is on its way out: finishes what it has, gets no more. */
  readonly isLeaving: boolean;
  /** Requests and WebSockets that are open on it. */
  readonly open: number;
  /** When it last got a request. */
  readonly usedAt: number;
}

/** send: to this worker now · wait: until one has room · gone: the only one it wanted does not exist any more */
export type WorkerChoice =
  | { readonly type: 'send'; readonly workerId: string }
  | { readonly type: 'wait' }
  | { readonly type: 'gone' };

/**
 * Where a request goes, as a pure choice: to the healthy worker with the fewest open requests, below `capacity` of
 * them. Among equals it is the one that was used last, so that in quiet times the others idle and can be stopped.
 */
export function decideWorker(
  workers: Iterable<BalancedWorker>,
  capacity: number,
  affinity: Affinity,
): WorkerChoice {
  const all = [...workers];
  const free = all.filter((worker) => hasRoom(worker, capacity));
  const wanted = affinity.wish === 'any' ? undefined : affinity.workerId;
  if (affinity.wish === 'only' && !all.some(({ id, isLeaving }) => id === wanted && !isLeaving)) {
    return { type: 'gone' };
  }
  const preferred = free.find(({ id }) => id === wanted);
  if (preferred) return { type: 'send', workerId: preferred.id };
  const [best] = affinity.wish === 'only' ? [] : free.toSorted(byPreference);
  return best ? { type: 'send', workerId: best.id } : { type: 'wait' };
}

export function hasRoom({ isHealthy, isLeaving, open }: BalancedWorker, capacity: number): boolean {
  return isHealthy && !isLeaving && open < capacity;
}

function byPreference(a: BalancedWorker, b: BalancedWorker): number {
  return a.open - b.open || b.usedAt - a.usedAt;
}
