import { WORKER_ENV } from '@spillway/protocol';
import { createWorkerUrls, findUrlProblems, type WorkerUrls } from './worker-urls.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything a worker reads from its environment, read once. */
export interface WorkerConfig {
  readonly urls: WorkerUrls;
  /** Address without path, for messages. */
  readonly serverOrigin: string;
  /** Sent raw in `Authorization`. */
  readonly key: string | undefined;
  readonly workerId: string;
  readonly hostname: string;
  readonly endpoint: string | undefined;
  readonly pingIntervalMs: number;
  /** Things that work but are likely not meant. */
  readonly warnings: readonly string[];
}

const DEFAULT_PING_INTERVAL_MS = 10_000;

/** Reads the RunPod variables. All problems are found at once, each with the variable's name and what is expected. */
export function parseWorkerConfig(
  env: Environment,
  randomId: () => string,
): WorkerConfig | { problems: string[] } {
  const read = (name: string) => (env[name]?.trim() ? env[name].trim() : undefined);
  const problems: string[] = [];
  const warnings: string[] = [];

  const getJob = read(WORKER_ENV.getJob) ?? '';
  const postOutput = read(WORKER_ENV.postOutput);
  if (!postOutput) {
    problems.push(
      `${WORKER_ENV.postOutput}: not set, but results go there. Whoever starts the worker sets it.`,
    );
  }
  const key = read(WORKER_ENV.key);
  const givenId = read(WORKER_ENV.workerId);
  // As RunPod's own worker does it: without a key or an id of its own a worker sends no heartbeat.
  const isPinging = key !== undefined && givenId !== undefined;
  if (!isPinging && read(WORKER_ENV.ping)) {
    warnings.push(
      `no heartbeat is sent, since ${key === undefined ? WORKER_ENV.key : WORKER_ENV.workerId} is not set: the server may take long jobs for lost`,
    );
  }
  const templates = {
    getJob,
    postOutput: postOutput ?? '',
    postStream: read(WORKER_ENV.postStream) ?? (postOutput ?? '').replace('/job-done/', '/job-stream/'),
    ping: isPinging ? read(WORKER_ENV.ping) : undefined,
  };
  problems.push(...findUrlProblems(templates));

  const pingIntervalMs = Number(read(WORKER_ENV.pingIntervalMs) ?? DEFAULT_PING_INTERVAL_MS);
  if (!Number.isFinite(pingIntervalMs) || pingIntervalMs <= 0) {
    problems.push(`${WORKER_ENV.pingIntervalMs}: expected milliseconds above 0, e.g. 10000.`);
  }
  if (problems.length > 0) return { problems };

  const workerId = givenId ?? randomId();
  return {
    urls: createWorkerUrls(templates, workerId),
    serverOrigin: new URL(getJob).origin,
    key,
    workerId,
    hostname: read(WORKER_ENV.hostname) ?? 'unknown',
    endpoint: read(WORKER_ENV.endpoint),
    pingIntervalMs,
    warnings,
  };
}
