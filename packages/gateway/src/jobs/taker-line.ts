import type { Job } from './job.ts';

export interface TakeOptions {
  readonly endpoint: string;
  readonly workerId: string;
  /** How many jobs at most. */
  readonly max: number;
  readonly leaseMs: number;
  readonly holdMs: number;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** A worker that holds a job-take open. */
export interface Taker extends TakeOptions {
  /** Place in the line. */
  readonly order: number;
  isOver: boolean;
  readonly answer: (jobs: readonly Job[]) => void;
}

/** Takers in the order they came, by endpoint. */
export function createTakerLine() {
  const takers = new Map<string, Set<Taker>>();
  let order = 0;
  const of = (endpoint: string) => {
    const found = takers.get(endpoint) ?? new Set<Taker>();
    takers.set(endpoint, found);
    return found;
  };
  return {
    join(options: TakeOptions, answer: Taker['answer']): Taker {
      order += 1;
      const taker: Taker = { ...options, order, isOver: false, answer };
      of(options.endpoint).add(taker);
      return taker;
    },
    park: (taker: Taker): void => void of(taker.endpoint).add(taker),
    leave: (taker: Taker): boolean => of(taker.endpoint).delete(taker),
    has: (taker: Taker): boolean => of(taker.endpoint).has(taker),
    waiting: (endpoint: string): Taker[] => [...of(endpoint)].sort((a, b) => a.order - b.order),
    all: (): Taker[] => [...takers.values()].flatMap((set) => [...set]),
  };
}

/**
 * Endpoints that may have a ready job. The version tells a look that came back empty from one that a newer job has
 * overtaken, so that no wake-up is lost between the two.
 */
export function createWorkFlags() {
  const versions = new Map<string, number>();
  const flagged = new Set<string>();
  const touch = (endpoint: string) => versions.set(endpoint, (versions.get(endpoint) ?? 0) + 1);
  return {
    has: (endpoint: string) => flagged.has(endpoint),
    version: (endpoint: string) => versions.get(endpoint) ?? 0,
    /** A taker came: a pump that is ending must look again. */
    touch,
    set(endpoint: string): void {
      flagged.add(endpoint);
      touch(endpoint);
    },
    clear(endpoint: string, seen: number): void {
      if ((versions.get(endpoint) ?? 0) === seen) flagged.delete(endpoint);
    },
  };
}

export type TakerLine = ReturnType<typeof createTakerLine>;
export type WorkFlags = ReturnType<typeof createWorkFlags>;
