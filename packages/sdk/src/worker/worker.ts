import type { Clock } from '../clock/clock.ts';
import { type AttemptReport, createAttemptReport } from './attempt-report.ts';
import { createLink } from './gateway-link.ts';
import { createHeartbeat } from './heartbeat.ts';
import type { StartExchange } from './http-exchange.ts';
import { createGatewayArtifacts, NO_ARTIFACTS } from './job-artifacts.ts';
import { createJobSource } from './job-source.ts';
import type { Logger, WorkerLog } from './log.ts';
import { type PollEnd, runPollLoop } from './poll-loop.ts';
import { type AttemptResult, runAttempt } from './run-attempt.ts';
import { createRunningJobs } from './running-jobs.ts';
import { runStopLoop } from './stop-loop.ts';
import type { TakenAttempt } from './taken-job.ts';
import type { WorkerConfig } from './worker-config.ts';
import { assertOptions, type WorkerOptions } from './worker-options.ts';

/** One worker on one server. Touches neither the process nor its signals: `startWorker` does. */
export interface Worker {
  /** Works until it is told to stop or the server refuses its key; callers share one promise. */
  start(): Promise<WorkerEnd>;
  /** Takes no more jobs; resolves when the running ones have ended and are reported. Idempotent. */
  stop(): Promise<WorkerEnd>;
  /** How many jobs run now. */
  readonly runningCount: number;
}

export type WorkerEnd =
  | { readonly reason: 'stopped' | 'refresh' }
  | { readonly reason: 'key-refused'; readonly message: string };

export interface WorkerParts {
  readonly config: WorkerConfig;
  readonly startExchange: StartExchange;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: WorkerLog;
}

export function createWorker(options: WorkerOptions, parts: WorkerParts): Worker {
  assertOptions(options);
  const { config, clock, random, log } = parts;
  const link = createLink({ startExchange: parts.startExchange, clock, key: config.key });
  const source = createJobSource(link, config.urls);
  // The server hears of a stopped job's end by no report, and would end the worker for it.
  const running = createRunningJobs({ onStopped: () => heartbeat.beatNow() });
  const taking = new AbortController();
  const ended = new AbortController();
  const { pingIntervalMs: intervalMs } = config;
  const heartbeat = createHeartbeat({ link, ping: config.urls.ping, running, intervalMs, clock });
  let isRefresh = false;
  let end: Promise<WorkerEnd> | undefined;

  function stopTaking(): void {
    if (taking.signal.aborted) return;
    taking.abort();
    running.wake();
  }

  function startJob(taken: TakenAttempt): void {
    const jobLog = log.forJob(taken.job.id);
    const isNew = running.start(taken.job.id, async (signal, freePlace) => {
      try {
        const report = createAttemptReport({ ...parts, taken, link, urls: config.urls, log: jobLog, signal });
        const result = await runTaken(taken, options, parts, { report, log: jobLog, signal });
        const isRefreshAsked = result.isRefreshAsked || options.refreshWorker === true;
        if (isRefreshAsked) {
          isRefresh = true;
          stopTaking();
        }
        if (result.outcome.status === 'STOPPED') jobLog.info('stopped; nothing is reported');
        const finished = report.finish(result, isRefreshAsked);
        freePlace();
        await finished;
      } catch (error) {
        const reason = error instanceof Error ? error.stack : String(error);
        jobLog.error(`the worker failed on this job: ${reason}`);
      }
    });
    if (!isNew) jobLog.warn('delivered again while it runs here; the running one goes on');
  }

  async function work(): Promise<WorkerEnd> {
    for (const warning of config.warnings) log.warn(warning);
    log.info(`worker ${config.workerId} takes jobs from ${config.serverOrigin}`);
    const { concurrency = 1 } = options;
    const shared = { running, clock, random, log };
    const background = [
      runStopLoop({ ...shared, source, signal: ended.signal }),
      heartbeat.run(ended.signal),
    ];
    try {
      const pollEnd = await runPollLoop({ ...shared, source, concurrency, startJob, signal: taking.signal });
      // Only now: a job that came on the last poll is among those that the heartbeat names.
      heartbeat.announceStop();
      await running.settled();
      return endOf(pollEnd, isRefresh);
    } finally {
      ended.abort();
      running.wake();
      await Promise.all(background);
      await heartbeat.goodbye();
    }
  }

  const start = () => {
    end ??= work();
    return end;
  };
  return {
    start,
    stop() {
      stopTaking();
      return start();
    },
    get runningCount() {
      return running.size;
    },
  };
}

async function runTaken(
  taken: TakenAttempt,
  options: WorkerOptions,
  parts: WorkerParts,
  { report, log, signal }: { report: AttemptReport; log: Logger; signal: AbortSignal },
): Promise<AttemptResult> {
  if (taken.problem !== undefined) {
    const failure = { type: 'INPUT_INVALID', isRetryable: false } as const;
    const outcome = { status: 'FAILED', error: taken.problem, failure } as const;
    return { outcome, isStream: false, isRefreshAsked: false };
  }
  const { workerId, hostname, endpoint, serverOrigin: origin, key } = parts.config;
  const { attempt, submitter, job } = taken;
  return runAttempt({
    job,
    handler: options.handler,
    // Only a server that tells the attempt keeps files.
    artifacts: () =>
      attempt === undefined
        ? NO_ARTIFACTS
        : createGatewayArtifacts({ origin, key, jobId: job.id, clock: parts.clock, signal }),
    identity: { attempt: attempt ?? 1, workerId, hostname, endpoint, submitter },
    sink: report,
    log,
    signal,
    returnAggregateStream: options.returnAggregateStream ?? false,
  });
}

function endOf(pollEnd: PollEnd, isRefresh: boolean): WorkerEnd {
  if (pollEnd.kind === 'refused') {
    const message = `The server refuses this worker's key (${pollEnd.reason}). Check RUNPOD_AI_API_KEY: it must be a key of scope worker for this endpoint.`;
    return { reason: 'key-refused', message };
  }
  return { reason: isRefresh ? 'refresh' : 'stopped' };
}
