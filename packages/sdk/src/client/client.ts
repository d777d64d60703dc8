import {
  clientPath,
  type HealthReply,
  isFinal,
  type JobReply,
  type JobStatus,
  nativePath,
} from '@spillway/protocol';
import type { GpusView } from '@spillway/protocol/v1';
import { fetchSoundly } from '#fetch-soundly';
import { type Clock, createSystemClock } from '../clock/clock.ts';
import { createApiCaller } from './api-caller.ts';
import type { ApiError } from './api-error.ts';
import { type ArtifactsClient, createArtifactsClient } from './artifacts-client.ts';
import { jobReplyOf } from './job-reply.ts';
import { createJobsClient, type JobsClient } from './jobs-client.ts';
import { createPatience } from './patience.ts';
import { type StreamOptions, streamJob } from './stream-job.ts';
import { type WaitOptions, waitForJob } from './wait-for-job.ts';

export interface ClientOptions {
  /** Includes `/v2`, as in RunPod's own clients: `http://127.0.0.1:8080/v2`, `https://api.runpod.ai/v2`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** How long calls that may be repeated (all but a submit) keep trying while the server is away, default 60 000. */
  readonly giveUpAfterMs?: number;
  /** Is told why such a call is repeated, each time before the wait. */
  onRetry?(error: ApiError): void;
}

/** What goes with the input. */
export interface SubmitOptions {
  /** Is sent the finished job, once. */
  readonly webhook?: string;
  /** Milliseconds, see `POLICY_LIMITS`. */
  readonly policy?: {
    readonly executionTimeout?: number;
    readonly ttl?: number;
    readonly lowPriority?: boolean;
  };
  readonly s3Config?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

export interface Client {
  endpoint(name: string): EndpointClient;
  /** Jobs of all endpoints by Spillway's own API; RunPod's service has none. */
  readonly jobs: JobsClient;
  /** Files of any size, in and out; by Spillway's own API, as `jobs`. */
  readonly artifacts: ArtifactsClient;
  /**
   * Graphics cards of the gateway's machine with the workers on them, what endpoints need, and prices of RunPod's cards
   * that are large enough. Wants a key of scope viewer; by Spillway's own API, as `jobs`.
   */
  gpus(): Promise<GpusView>;
}

/** The jobs of one endpoint. Each call throws `ApiError` when the server says no. */
export interface EndpointClient {
  /** Submits and returns at once. Never repeated by itself: a second submit would be a second job. */
  run(input: Record<string, unknown>, options?: SubmitOptions): Promise<JobReply>;
  /** Submits and waits for the end, whatever it is. */
  runSync(input: Record<string, unknown>, options?: SubmitOptions & WaitOptions): Promise<JobReply>;
  status(id: string): Promise<JobReply>;
  waitForJob(id: string, options?: WaitOptions): Promise<JobReply>;
  stream(id: string, options?: StreamOptions): AsyncGenerator<unknown, JobStatus>;
  cancel(id: string): Promise<JobReply>;
  health(): Promise<HealthReply>;
}

/**
 * A client of the job API, for Node and browsers, against Spillway or RunPod.
 *
 * @example
 * const client = createClient({ baseUrl: 'http://127.0.0.1:8080/v2', apiKey });
 * const job = await client.endpoint('detect').runSync({ image });
 */
export function createClient(options: ClientOptions): Client {
  const clock = options.clock ?? createSystemClock();
  // Called through an arrow: a browser's fetch refuses any other `this`.
  const ask: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const { baseUrl, apiKey } = options;
  const call = createApiCaller({ baseUrl, apiKey, fetch: ask, openWith: options.fetch ?? fetchSoundly });
  const random = options.random ?? Math.random;
  const { giveUpAfterMs = 60_000, onRetry } = options;
  const patience = createPatience({ clock, random, giveUpAfterMs, onRetry });
  const parts = { call, patience, clock };

  return {
    jobs: createJobsClient({ ...parts, random }),
    artifacts: createArtifactsClient({ ...parts, random, fetch: ask }),
    gpus: async () => (await patience(() => call('GET', nativePath.gpus), undefined)) as GpusView,
    endpoint(name) {
      async function submit(path: string, input: Record<string, unknown>, rest: SubmitOptions) {
        const { signal, ...body } = rest;
        return jobReplyOf(await call('POST', path, { body: { ...body, input }, signal }));
      }
      const statusPath = (id: string) => clientPath.status(name, encodeURIComponent(id));
      return {
        run: (input, rest = {}) => submit(clientPath.run(name), input, rest),
        async runSync(input, rest = {}) {
          const { onProgress, intervalMs, ...submitOptions } = rest;
          // With somebody to show progress to, waiting begins at once instead of inside the submit.
          if (onProgress) {
            const { id } = await submit(clientPath.run(name), input, submitOptions);
            return waitForJob(parts, name, id, rest);
          }
          const reply = await submit(clientPath.runsync(name), input, submitOptions);
          return isFinal(reply.status) ? reply : waitForJob(parts, name, reply.id, rest);
        },
        status: async (id) => jobReplyOf(await patience(() => call('GET', statusPath(id)), undefined)),
        waitForJob: (id, rest) => waitForJob(parts, name, id, rest),
        stream: (id, rest) => streamJob(parts, name, id, rest),
        async cancel(id) {
          const path = clientPath.cancel(name, encodeURIComponent(id));
          return jobReplyOf(await patience(() => call('POST', path, { body: {} }), undefined));
        },
        health: async () =>
          (await patience(() => call('GET', clientPath.health(name)), undefined)) as HealthReply,
      };
    },
  };
}
