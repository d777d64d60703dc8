import { type HealthReply, type JobReply, POLICY_LIMITS } from '@spillway/protocol';
import { ApiError, createClient, type EndpointClient } from '@spillway/sdk/client';
import { readableError } from '../run/show-outcomes.ts';
import { durationText } from '../text.ts';
import { CheckFailed, NothingAnswers } from './check.ts';
import type { RunOptions, SmokeReply, SmokeTarget } from './target.ts';

/** An endpoint behind RunPod's job API, which a gateway and RunPod's own service both speak. */
export interface JobApiOptions {
  /** Ends in `/v2`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly endpoint: string;
  /** How long an input may take, its wait for a worker included. */
  readonly timeoutMs: number;
  /** A "no" to the key or the endpoint in words that tell what to do; undefined for any other. */
  readonly explain: (error: ApiError) => string | undefined;
}

export interface JobApi {
  readonly run: SmokeTarget['run'];
  health(): Promise<string>;
}

/** How long calls go on while nobody answers: a smoke test is not there to wait for a gateway's return. */
const PATIENCE_MS = 5_000;

export function createJobApi(options: JobApiOptions): JobApi {
  const { baseUrl, apiKey, timeoutMs } = options;
  const client = createClient({ baseUrl, apiKey, giveUpAfterMs: Math.min(PATIENCE_MS, timeoutMs) });
  const endpoint = client.endpoint(options.endpoint);
  const explained = async <T>(request: Promise<T>): Promise<T> =>
    request.catch((error: unknown) => {
      throw error instanceof ApiError ? failureOf(error, options) : error;
    });
  return {
    health: async () => describeHealth(await explained(endpoint.health())),
    run: (input, runOptions) => explained(runJob(endpoint, input, { ...runOptions, timeoutMs })),
  };
}

async function runJob(
  endpoint: EndpointClient,
  input: Readonly<Record<string, unknown>>,
  { signal, executionTimeoutMs, timeoutMs }: RunOptions & { readonly timeoutMs: number },
): Promise<SmokeReply> {
  const { min, max } = POLICY_LIMITS.executionTimeout;
  const executionTimeout = Math.min(max, Math.max(min, executionTimeoutMs ?? timeoutMs));
  // Not under the signal: a submit that is cut off may be a job whose id nobody knows.
  const submitted = await endpoint.run({ ...input }, { policy: { executionTimeout } });
  const limit = AbortSignal.timeout(timeoutMs);
  let last: JobReply = submitted;
  try {
    const onProgress = (reply: JobReply) => {
      last = reply;
      if (isHopeless(reply)) throw new NothingAnswers(reply.waitReason?.message);
    };
    return replyOf(
      await endpoint.waitForJob(submitted.id, { signal: AbortSignal.any([signal, limit]), onProgress }),
    );
  } catch (error) {
    await endpoint.cancel(submitted.id).catch(() => undefined);
    if (limit.aborted && !signal.aborted) throw new NothingAnswers(describeLateness(last, timeoutMs));
    throw error;
  }
}

/** Waits that no waiting ends. */
function isHopeless({ status, waitReason }: JobReply): boolean {
  const codes: readonly (string | undefined)[] = ['WORKER_CRASH_LOOP', 'NO_WORKERS_ALLOWED', 'PAUSED'];
  return status === 'IN_QUEUE' && codes.includes(waitReason?.code);
}

function describeLateness({ id, status, waitReason }: JobReply, timeoutMs: number): string {
  const why = waitReason === undefined ? `it was ${status}` : waitReason.message;
  return `no answer within ${durationText(timeoutMs)} (--timeout): ${why}; job ${id} was cancelled`;
}

function replyOf(job: JobReply): SmokeReply {
  return {
    status: job.status,
    output: job.output,
    error: job.error === undefined ? undefined : readableError(job.error),
    waitedMs: job.delayTime,
    ranMs: job.executionTime,
    workerId: job.workerId,
  };
}

/** A "no" that would be said to every call, or no answer, is told once. */
function failureOf(error: ApiError, { baseUrl, explain }: JobApiOptions): CheckFailed {
  if (error.code === 'UNREACHABLE') return new NothingAnswers(error.detail);
  const sentence = explain(error);
  if (sentence !== undefined) return new NothingAnswers(sentence);
  return new CheckFailed(`${new URL(baseUrl).origin} says HTTP ${error.status}: ${error.detail}`);
}

/** RunPod's service leaves keys out now and then. */
function describeHealth(health: Partial<HealthReply>): string {
  const { workers, jobs } = health;
  if (typeof workers !== 'object' || typeof jobs !== 'object')
    throw new CheckFailed('the answer of /health has no workers and jobs');
  const { idle = 0, running = 0, initializing = 0, unhealthy = 0 } = workers;
  const parts = [
    `${idle + running} ready`,
    ...(initializing > 0 ? [`${initializing} starting`] : []),
    ...(unhealthy > 0 ? [`${unhealthy} unhealthy`] : []),
  ];
  return `workers: ${parts.join(', ')}; jobs: ${jobs.inQueue ?? 0} wait, ${jobs.inProgress ?? 0} run`;
}
