import type { WorkerState } from '@spillway/protocol';
import type { Scaling } from '../endpoints/endpoint.ts';
import type { QueueSnapshot } from './queue-view.ts';

/**
 * How many workers to start and which to stop, as a pure choice. Two rules, both RunPod's:
 *   QUEUE_DELAY    one worker more when a job has waited longer than `queueDelay`, counted from the later of its
 *                  queueing and the last start, while no other start is pending. With no worker at all the first job
 *                  starts one at once, as RunPod does: there is nothing whose delay could be waited for.
 *   REQUEST_COUNT  ceil((waiting + running) / requestCount) workers.
 * Workers that connected by themselves take jobs too, so only what is left for ours counts; they count in neither bound.
 * Low-priority jobs count in neither rule. `min` and `max` bound both; a worker on its way out still takes a place below
 * `max`, since it still takes memory. Only idle workers are stopped.
 */
export interface ScaleInput {
  readonly limits: { readonly min: number; readonly max: number; readonly idleTimeoutMs: number };
  readonly scaling: Scaling;
  readonly queue: QueueSnapshot;
  /** The workers that we start. */
  readonly workers: readonly ScaledWorker[];
  /** How many workers take jobs that connected by themselves. */
  readonly poolWorkers?: number;
  /** When this endpoint's last worker was started. */
  readonly lastStartAt?: number | undefined;
  /** Starts that the fleet allows now; fewer than wanted while starts fail. */
  readonly startsAllowed: number;
  /** Before this time the fleet allows no start. */
  readonly nextStartAt?: number | undefined;
  readonly now: number;
}

export interface ScaledWorker {
  readonly id: string;
  readonly state: WorkerState;
  readonly jobs: number;
  readonly idleSince?: number;
}

export interface ScaleDecision {
  /** Workers to start now. */
  readonly start: number;
  /** Ids of idle workers to stop now. */
  readonly stop: readonly string[];
  /** When to look again if nothing happens before; absent when only an event can change the decision. */
  readonly lookAgainAt?: number;
}

export function decideScale(input: ScaleInput): ScaleDecision {
  const { limits, workers, startsAllowed, nextStartAt, now } = input;
  const active = workers.filter(({ state }) => ACTIVE_STATES.includes(state));
  const alive = workers.filter(({ state }) => state !== 'stopped').length;
  const wanted = wantedWorkers(input, active);
  const missing = Math.min(clamp(wanted.count, limits.min, limits.max) - active.length, limits.max - alive);
  const start = Math.max(0, Math.min(missing, startsAllowed));
  const stop = start > 0 ? [] : idleToStop(input, active);
  const times = [
    wanted.moreAt,
    // A start that is held back is tried when its time comes.
    missing > start && nextStartAt !== undefined ? nextStartAt : undefined,
    ...active
      .filter(({ id }) => !stop.includes(id))
      .map(({ idleSince }) => (idleSince === undefined ? undefined : idleSince + limits.idleTimeoutMs)),
  ].filter((at): at is number => at !== undefined && at > now);
  return { start, stop, ...(times.length > 0 ? { lookAgainAt: Math.min(...times) } : {}) };
}

/** Workers that take jobs, or will. */
export const ACTIVE_STATES: readonly WorkerState[] = ['initializing', 'idle', 'running', 'throttled'];

/** Workers that the rule asks for now, and when it may ask for more although nothing happens. */
function wantedWorkers(
  { scaling, queue, poolWorkers = 0, lastStartAt, now }: ScaleInput,
  active: readonly ScaledWorker[],
): { readonly count: number; readonly moreAt?: number } {
  const waiting = queue.queued - queue.queuedLowPriority;
  if (scaling.type === 'REQUEST_COUNT') {
    const count = Math.ceil((waiting + queue.inProgress) / scaling.requestCount);
    return { count: Math.max(0, count - poolWorkers) };
  }
  if (waiting <= 0) return { count: 0 };
  if (active.length + poolWorkers === 0) return { count: 1 };
  const isStarting = active.some(({ state }) => state === 'initializing');
  if (isStarting || queue.oldestQueuedAt === undefined) return { count: active.length };
  const moreAt = Math.max(queue.oldestQueuedAt, lastStartAt ?? 0) + scaling.queueDelayMs;
  return now >= moreAt ? { count: active.length + 1 } : { count: active.length, moreAt };
}

/** Idle workers that aren't needed: beyond `max` at once, else after the idle timeout, the longest idle first. */
function idleToStop(input: ScaleInput, active: readonly ScaledWorker[]): string[] {
  const { limits, scaling, queue, now } = input;
  const idle = active
    .filter((worker): worker is ScaledWorker & { idleSince: number } => {
      return worker.state === 'idle' && worker.jobs === 0 && worker.idleSince !== undefined;
    })
    .toSorted((a, b) => a.idleSince - b.idleSince);
  const overMax = Math.max(0, active.length - limits.max);
  // A worker that is starting is no reason yet to let go of one that is ready.
  const ready = active.filter(({ state }) => state !== 'initializing').length;
  const needed =
    scaling.type === 'REQUEST_COUNT' ? wantedWorkers(input, active).count : queue.queued > 0 ? ready : 0;
  const spare = Math.max(0, ready - Math.max(limits.min, needed));
  return idle
    .filter(({ idleSince }, index) => {
      if (index < overMax) return true;
      return index < spare && now - idleSince >= limits.idleTimeoutMs;
    })
    .map(({ id }) => id);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
