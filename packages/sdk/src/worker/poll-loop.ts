import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Clock } from '../clock/clock.ts';
import { createEmptyPolls } from './empty-polls.ts';
import type { JobSource } from './job-source.ts';
import type { Logger } from './log.ts';
import { createOutage } from './outage.ts';
import type { RunningJobs } from './running-jobs.ts';
import type { TakenAttempt } from './taken-job.ts';

/** How many jobs at once: a number, or a function that is asked before each poll with the current limit. */
export type Concurrency = number | ((current: number) => number);

export interface PollLoopOptions {
  readonly source: Pick<JobSource, 'take'>;
  readonly running: RunningJobs;
  readonly concurrency: Concurrency;
  /** Starts the job in the background; must not throw. */
  readonly startJob: (taken: TakenAttempt) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** No job is asked for after this; one that arrives on the last poll is still started. */
  readonly signal: AbortSignal;
}

export type PollEnd = { readonly kind: 'stopped' } | { readonly kind: 'refused'; readonly reason: string };

/** A server may refuse a good key while it starts, so one answer isn't believed. */
const REFUSALS_BEFORE_END = 5;

/**
 * Takes jobs while places are free. Knows nothing of HTTP or handlers. Ends when told to, or when the server keeps on
 * refusing the key; a server that is away is waited for, however long.
 */
export async function runPollLoop(options: PollLoopOptions): Promise<PollEnd> {
  const { source, running, clock, random, log, signal } = options;
  const outage = createOutage('Asking for jobs', clock, random, log);
  const emptyPolls = createEmptyPolls(clock, random);
  let limit = 1;
  let refusals = 0;

  while (!signal.aborted) {
    limit = decideLimit(options.concurrency, limit, log);
    const free = decideFree(limit, running);
    if (free <= 0) {
      await running.changed();
      // Places that come free together are asked for together.
      await endOfTurn();
      continue;
    }
    const startedAt = clock.now();
    const result = await source.take(free, running.size > 0, signal);
    if (result.kind === 'aborted') break;
    if (result.kind === 'refused') {
      refusals += 1;
      if (refusals >= REFUSALS_BEFORE_END) return result;
    } else {
      refusals = 0;
    }
    if (result.kind === 'items') {
      outage.over();
      for (const taken of result.items) options.startJob(taken);
      if (result.items.length === 0) {
        await emptyPolls.pause(startedAt, signal);
        continue;
      }
      emptyPolls.reset();
      // The handlers come before the next poll.
      await endOfTurn();
    } else {
      const retryAfterMs = result.kind === 'unavailable' ? result.retryAfterMs : undefined;
      await outage.wait(result.reason, retryAfterMs, signal);
    }
  }
  return { kind: 'stopped' };
}

/**
 * A result on its way holds no place, so that the next job need not wait for the server to have it; but there may be no
 * more of them than places. With one place the result goes first: the next handler may block the thread, and with it the
 * result.
 */
function decideFree(limit: number, { size, placesTaken }: RunningJobs): number {
  return limit === 1 ? 1 - size : Math.min(limit - placesTaken, 2 * limit - size);
}

function decideLimit(concurrency: Concurrency, current: number, log: Logger): number {
  let wanted: number;
  try {
    wanted = typeof concurrency === 'function' ? concurrency(current) : concurrency;
  } catch (error) {
    log.error(`concurrency() threw, staying at ${current}: ${String(error)}`);
    return current;
  }
  if (Number.isFinite(wanted) && wanted >= 1) return Math.floor(wanted);
  log.warn(`concurrency: expected a number of at least 1, got ${String(wanted)}; staying at ${current}`);
  return current;
}
