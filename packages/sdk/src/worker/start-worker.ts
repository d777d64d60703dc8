import { randomUUID } from 'node:crypto';
import { WORKER_ENV } from '@spillway/protocol';
import { type Clock, createSystemClock } from '../clock/clock.ts';
import { createProcessHost, type StopSignal, type WorkerHost } from './host.ts';
import { createFetchExchange, createHttpExchange } from './http-exchange.ts';
import { hasTestInput, runLocally } from './local-run.ts';
import { createWorkerLog, parseLogLevel } from './log.ts';
import { createWorker, type WorkerEnd } from './worker.ts';
import { parseWorkerConfig } from './worker-config.ts';
import { assertOptions, type WorkerOptions } from './worker-options.ts';

/** What `startWorker` takes from outside; all of it has a default. */
export interface StartWorkerParts {
  readonly host?: WorkerHost;
  /** Sends all requests in place of Node's own HTTP client. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const SIGNAL_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs the handler on the jobs of the server that the environment names (`RUNPOD_WEBHOOK_GET_JOB` and its siblings, as
 * on RunPod), or on one local job. Ends the process when the work is over: 0 after SIGTERM, SIGINT or a refresh, 1 when
 * the local job failed or the worker can't work.
 *
 * @example
 * await startWorker({ handler: async (job) => ({ greeting: `Hello, ${job.input.name}!` }) });
 */
export async function startWorker(options: WorkerOptions, parts: StartWorkerParts = {}): Promise<number> {
  assertOptions(options);
  const host = parts.host ?? createProcessHost();
  const isLocal = hasTestInput(host) || !host.env[WORKER_ENV.getJob];
  const code = isLocal ? await runOnce(options, host) : await serve(options, host, parts);
  host.exit(code);
  return code;
}

async function runOnce(options: WorkerOptions, host: WorkerHost): Promise<number> {
  const cancelled = new AbortController();
  const stopListening = listenForStop(host, () => {
    cancelled.abort(new DOMException('The job was interrupted.', 'AbortError'));
  });
  try {
    return await runLocally(options, host, cancelled.signal);
  } finally {
    stopListening();
  }
}

async function serve(options: WorkerOptions, host: WorkerHost, parts: StartWorkerParts): Promise<number> {
  const config = parseWorkerConfig(host.env, randomUUID);
  if ('problems' in config) {
    for (const problem of config.problems) host.writeError(problem);
    return 1;
  }
  const log = createWorkerLog({
    write: host.writeOut,
    format: config.endpoint === undefined ? 'text' : 'json',
    level: parseLogLevel(host.env),
    secrets: config.key === undefined ? [] : [config.key],
  });
  const worker = createWorker(options, {
    config,
    log,
    startExchange: parts.fetch ? createFetchExchange(parts.fetch) : createHttpExchange(),
    clock: parts.clock ?? createSystemClock(),
    random: parts.random ?? Math.random,
  });
  const stopListening = listenForStop(host, (signal) => {
    log.info(`${signal}: no more jobs are taken, ${worker.runningCount} running finish first`);
    // Its promise is the one that `start` answers below.
    void worker.stop();
  });
  try {
    return exitCodeOf(await worker.start(), log.error);
  } finally {
    stopListening();
  }
}

/** The first signal asks; the second one ends the process at once. */
function listenForStop(host: WorkerHost, onFirst: (signal: StopSignal) => void): () => void {
  let isAsked = false;
  return host.onSignal((signal) => {
    if (isAsked) return host.exit(SIGNAL_EXIT_CODES[signal]);
    isAsked = true;
    onFirst(signal);
  });
}

function exitCodeOf(end: WorkerEnd, logError: (message: string) => void): number {
  if (end.reason !== 'key-refused') return 0;
  logError(end.message);
  return 1;
}
