import type { Clock } from '../clock/clock.ts';
import { createEmptyPolls } from './empty-polls.ts';
import type { JobSource } from './job-source.ts';
import type { WorkerLog } from './log.ts';
import { createOutage } from './outage.ts';
import type { RunningJobs } from './running-jobs.ts';

export interface StopLoopOptions {
  readonly source: Pick<JobSource, 'jobsToStop'>;
  readonly running: RunningJobs;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: WorkerLog;
  /** Whoever aborts it also calls `running.wake()`. */
  readonly signal: AbortSignal;
}

/** Asks which jobs to stop, while any runs, and aborts their signals. */
export async function runStopLoop(options: StopLoopOptions): Promise<void> {
  const { source, running, clock, random, log, signal } = options;
  const outage = createOutage('Asking for jobs to stop', clock, random, log);
  const emptyPolls = createEmptyPolls(clock, random);

  while (!signal.aborted) {
    if (running.size === 0) {
      await running.changed();
      continue;
    }
    const startedAt = clock.now();
    const result = await source.jobsToStop(signal);
    if (result.kind === 'aborted') return;
    if (result.kind !== 'items') {
      const retryAfterMs = result.kind === 'unavailable' ? result.retryAfterMs : undefined;
      await outage.wait(result.reason, retryAfterMs, signal);
      continue;
    }
    outage.over();
    let stopped = 0;
    for (const jobId of result.items) {
      if (!running.stop(jobId)) continue;
      stopped += 1;
      log.forJob(jobId).info('the server stopped this job');
    }
    // A server may name a job until it is gone, without holding the request: that must not spin either.
    if (stopped > 0) emptyPolls.reset();
    else await emptyPolls.pause(startedAt, signal);
  }
}
