import { chargedSeconds, costOf } from './money.ts';

/** The life of a worker that costs something. It is paid whole, from its start to its end, whatever it did. */
export interface WorkerLife {
  readonly workerId: string;
  readonly endpoint: string;
  readonly backend: string;
  readonly microsPerHour: number;
  readonly startedAt: number;
  /** When it first asked for a job. */
  readonly readyAt?: number | undefined;
  /** Absent while it runs. */
  readonly endedAt?: number | undefined;
}

/**
 * What the part of its life from `from` to `until` costs. Each second that was begun is paid once: the parts of a life
 * cost together what the whole does.
 */
export function costOfLife(life: WorkerLife, from: number, until: number): number {
  const paidUntil = (at: number) => {
    const end = Math.min(at, life.endedAt ?? at);
    return costOf(chargedSeconds(end - life.startedAt), life.microsPerHour);
  };
  return Math.max(0, paidUntil(until) - paidUntil(from));
}

/** Milliseconds of it between two times. */
export function lifeWithin({ startedAt, endedAt }: WorkerLife, from: number, until: number): number {
  return Math.max(0, Math.min(until, endedAt ?? until) - Math.max(from, startedAt));
}

/** Of those, the ones before it first asked for a job. */
export function startUpWithin(life: WorkerLife, from: number, until: number): number {
  return lifeWithin({ ...life, endedAt: life.readyAt ?? life.endedAt }, from, until);
}
