import type { Transition } from '../job-machine.ts';
import type { TakeRequest } from '../job-store.ts';

/** A take of the batch that is being gathered. */
export interface WaitingTake {
  readonly request: TakeRequest;
  readonly now: number;
  /** Jobs of this very batch that were written as leased to it. */
  readonly offered: Transition[];
  isWaiting: boolean;
}

/**
 * Takes by endpoint in the order they came. Lists that are emptied whole, since takes are decided in that order: a
 * `Set` would leave behind tables that keep the jobs they were given until a full garbage collection.
 */
export function createWaitingTakes() {
  const lines = new Map<string, { takes: WaitingTake[]; first: number }>();
  let count = 0;

  function of(endpoint: string) {
    const line = lines.get(endpoint) ?? { takes: [], first: 0 };
    lines.set(endpoint, line);
    return line;
  }

  return {
    join(request: TakeRequest, now: number): WaitingTake {
      const take: WaitingTake = { request, now, offered: [], isWaiting: true };
      of(request.endpoint).takes.push(take);
      count += 1;
      return take;
    },
    /** False when it had left before: a take may be decided twice. */
    leave(take: WaitingTake): boolean {
      if (!take.isWaiting) return false;
      take.isWaiting = false;
      count -= 1;
      if (count === 0) lines.clear();
      return true;
    },
    firstWithRoom(endpoint: string): WaitingTake | undefined {
      const line = count === 0 ? undefined : lines.get(endpoint);
      if (!line) return undefined;
      for (; line.first < line.takes.length; line.first += 1) {
        const take = line.takes[line.first];
        if (take?.isWaiting && take.offered.length < take.request.max) return take;
      }
      return undefined;
    },
  };
}
