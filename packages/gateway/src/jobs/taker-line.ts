import type { HangUp } from '../lib/hang-up.ts';
import { insertBehind, type Linked, type LinkedList, takeOut } from '../lib/linked-list.ts';
import type { Job } from './job.ts';

export interface TakeOptions {
  readonly endpoint: string;
  readonly workerId: string;
  /** How many jobs at most. */
  readonly max: number;
  readonly leaseMs: number;
  readonly holdMs: number;
  /** Aborts when the client is gone. */
  readonly hangUp: HangUp;
}

/** A worker that holds a job-take open. */
export interface Taker extends TakeOptions, Linked<Taker> {
  isOver: boolean;
  readonly answer: (jobs: readonly Job[]) => void;
  /** Its place in the line, kept by the line alone. */
  readonly order: number;
  isInLine: boolean;
}

type Line = LinkedList<Taker>;

/**
 * Takers in the order they came, by endpoint. A linked list, since thousands may wait while each submit looks for the
 * first, and any of them may leave.
 */
export function createTakerLine() {
  const lines = new Map<string, Line>();
  let order = 0;

  function of(endpoint: string): Line {
    const line = lines.get(endpoint) ?? { first: undefined, last: undefined };
    lines.set(endpoint, line);
    return line;
  }

  /** From the back: only one that a pump had in its hands is older than the last. */
  function enter(taker: Taker): void {
    const line = of(taker.endpoint);
    let before = line.last;
    while (before && before.order > taker.order) before = before.before;
    taker.isInLine = true;
    insertBehind(line, before, taker);
  }

  return {
    join(options: TakeOptions, answer: Taker['answer']): Taker {
      order += 1;
      const taker = newTaker(options, order, answer);
      enter(taker);
      return taker;
    },
    /** Puts one back at the place that it had. */
    park: enter,
    /** False when it was not in the line. */
    leave(taker: Taker): boolean {
      if (!taker.isInLine) return false;
      takeOut(of(taker.endpoint), taker);
      taker.isInLine = false;
      return true;
    },
    has: (taker: Taker): boolean => taker.isInLine,
    /** The longest waiting ones that will do, `most` at most. */
    first(endpoint: string, most: number, willDo: (taker: Taker) => boolean): Taker[] {
      const found: Taker[] = [];
      let taker = lines.get(endpoint)?.first;
      while (taker && found.length < most) {
        if (willDo(taker)) found.push(taker);
        taker = taker.after;
      }
      return found;
    },
    all(): Taker[] {
      return [...lines.keys()].flatMap((endpoint) =>
        this.first(endpoint, Number.POSITIVE_INFINITY, () => true),
      );
    },
  };
}

/** Every key named: copying what is in the options costs ten times as much. */
function newTaker(
  { endpoint, workerId, max, leaseMs, holdMs, hangUp }: TakeOptions,
  order: number,
  answer: Taker['answer'],
): Taker {
  return {
    endpoint,
    workerId,
    max,
    leaseMs,
    holdMs,
    hangUp,
    answer,
    order,
    isOver: false,
    isInLine: false,
    before: undefined,
    after: undefined,
  };
}

export type TakerLine = ReturnType<typeof createTakerLine>;
