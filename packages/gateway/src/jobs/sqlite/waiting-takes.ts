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
 * Takes by endpoint in the order they came. The lists stay and are emptied whole, since takes are decided in that order:
 * what a `Map` or `Set` lets go of, it may keep in tables that it has left behind, until a full garbage collection.
 */
export function createWaitingTakes() {
  const lines = new Map<string, Line>();

  function of(endpoint: string): Line {
    const known = lines.get(endpoint);
    if (known) return known;
    const line: Line = { takes: [], first: 0, count: 0 };
    lines.set(endpoint, line);
    return line;
  }

  return {
    join(request: TakeRequest, now: number): WaitingTake {
      const take: WaitingTake = { request, now, offered: [], isWaiting: true };
      const line = of(request.endpoint);
      line.takes.push(take);
      line.count += 1;
      return take;
    },
    /** False when it had left before: a take may be decided twice. */
    leave(take: WaitingTake): boolean {
      if (!take.isWaiting) return false;
      take.isWaiting = false;
      const line = of(take.request.endpoint);
      line.count -= 1;
      if (line.count > 0) return true;
      line.takes = [];
      line.first = 0;
      return true;
    },
    firstWithRoom(endpoint: string): WaitingTake | undefined {
      const line = lines.get(endpoint);
      if (!line) return undefined;
      for (; line.first < line.takes.length; line.first += 1) {
        const take = line.takes[line.first];
        if (take?.isWaiting && take.offered.length < take.request.max) return take;
      }
      return undefined;
    },
  };
}

interface Line {
  takes: WaitingTake[];
  /** Those before have no room. */
  first: number;
  /** Those that have not left. */
  count: number;
}
