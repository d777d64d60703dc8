import type { TakenJob } from '@spillway/protocol';
import { encodeJson } from './encode-json.ts';
import type { JobArtifacts } from './job-artifacts.ts';
import type { Logger } from './log.ts';

/**
 * What a worker author writes. It returns the output (any JSON value), or is a generator, of which each value is
 * streamed to the client.
 *
 * @example
 * const handler: Handler = async (job, context) => {
 *   context.progress({ percent: 50 });
 *   return { greeting: `Hello, ${job.input.name}!` };
 * };
 */
export type Handler = (job: TakenJob, context: JobContext) => unknown;

/** Second argument of a handler: all it needs to know and to tell while it runs. */
export interface JobContext {
  readonly jobId: string;
  /** Which delivery of the job this is, from 1. RunPod's service doesn't tell: there it is always 1. */
  readonly attempt: number;
  readonly workerId: string;
  /**
   * Who submitted the job, for handlers that keep things of their callers apart: `admin`, the id of a key, or that with a
   * visitor of its pages behind it (`key/visitor`), whose things are the key's, too. Undefined where the server doesn't tell.
   */
  readonly submitter: string | undefined;
  /** Undefined when the handler runs locally. */
  readonly endpoint: string | undefined;
  /** Aborts when the job was cancelled or ran out of time. Nothing is reported after that; end soon. */
  readonly signal: AbortSignal;
  /**
   * Shows a value to whoever asks for the job's status. Returns at once; values that come faster than the server takes
   * them are skipped, never the last one.
   */
  progress(value: unknown): void;
  readonly log: Logger;
  /** Files of any size that belong to the result. */
  readonly artifacts: JobArtifacts;
  /** Asks for a fresh process: after this job the worker takes no more, finishes what it runs and exits with 0. */
  refreshWorker(): void;
}

export interface AttemptIdentity {
  readonly attempt: number;
  readonly workerId: string;
  readonly hostname: string;
  readonly endpoint: string | undefined;
  readonly submitter?: string | undefined;
}

export interface JobContextOptions {
  readonly job: TakenJob;
  readonly identity: AttemptIdentity;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called when the handler first asks for them. */
  readonly artifacts: () => JobArtifacts;
  readonly onProgress: (json: string) => void;
  readonly onRefresh: () => void;
}

export function createJobContext(options: JobContextOptions): JobContext {
  const { job, identity, signal, log } = options;
  let artifacts: JobArtifacts | undefined;
  return {
    jobId: job.id,
    attempt: identity.attempt,
    workerId: identity.workerId,
    submitter: identity.submitter,
    endpoint: identity.endpoint,
    signal,
    log,
    progress: (value) => options.onProgress(encodeJson(value, 'progress')),
    get artifacts() {
      artifacts ??= options.artifacts();
      return artifacts;
    },
    refreshWorker: options.onRefresh,
  };
}
