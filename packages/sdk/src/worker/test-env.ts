import type { FailureType } from '@spillway/protocol';
import { createLocalArtifacts } from './job-artifacts.ts';
import { createWorkerLog } from './log.ts';
import { runAttempt } from './run-attempt.ts';
import type { WorkerOptions } from './worker-options.ts';

export interface RunHandlerOptions extends Pick<WorkerOptions, 'returnAggregateStream'> {
  readonly jobId?: string;
  readonly attempt?: number;
  /** Name of the endpoint that the job is for. */
  readonly endpoint?: string;
  /** Who submitted it, as `JobContext.submitter` (default: the server doesn't tell). */
  readonly submitter?: string;
  /** Further keys of the job besides `id` and `input`. */
  readonly job?: Readonly<Record<string, unknown>>;
  /** Cancels the job right after the n-th progress value, or the n-th chunk, as a client might. */
  readonly cancelAfterProgress?: number;
  readonly cancelAfterChunks?: number;
  /** Cancels the job when it aborts. */
  readonly signal?: AbortSignal;
}

/** What a client would have seen of the job, and what the handler said besides. */
export interface HandlerRun {
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  readonly output: unknown;
  readonly error: string | undefined;
  readonly failureType: FailureType | undefined;
  /** Every progress value; a server may see fewer, see `JobContext.progress`. */
  readonly progress: readonly unknown[];
  readonly chunks: readonly unknown[];
  readonly logs: readonly string[];
  readonly isRefreshAsked: boolean;
}

/**
 * Runs a handler on one input, in this process and without a server: for the tests of handler authors. Everything
 * passes through JSON, as it would on the wire.
 *
 * @example
 * const run = await runHandler(handler, { name: 'Ada' });
 * assert.deepEqual(run.output, { greeting: 'Hello, Ada!' });
 */
export async function runHandler(
  handler: WorkerOptions['handler'],
  input: Record<string, unknown>,
  options: RunHandlerOptions = {},
): Promise<HandlerRun> {
  const jobId = options.jobId ?? 'test-job';
  const progress: unknown[] = [];
  const chunks: unknown[] = [];
  const logs: string[] = [];
  const cancelled = new AbortController();
  const cancel = () => cancelled.abort(new DOMException('The job was cancelled.', 'AbortError'));
  if (options.signal?.aborted) cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  const log = createWorkerLog({
    write: (line) => logs.push(line),
    format: 'text',
    level: 'debug',
    secrets: [],
  });

  const { outcome, isRefreshAsked } = await runAttempt({
    job: { ...options.job, id: jobId, input: JSON.parse(JSON.stringify(input)) },
    handler,
    artifacts: createLocalArtifacts,
    identity: {
      attempt: options.attempt ?? 1,
      workerId: 'test-worker',
      hostname: 'test',
      endpoint: options.endpoint,
      submitter: options.submitter,
    },
    sink: {
      progress(json) {
        progress.push(JSON.parse(json));
        if (progress.length === options.cancelAfterProgress) cancel();
      },
      async chunk(json) {
        chunks.push(JSON.parse(json));
        if (chunks.length === options.cancelAfterChunks) cancel();
      },
    },
    log: log.forJob(jobId),
    signal: cancelled.signal,
    returnAggregateStream: options.returnAggregateStream ?? false,
  });
  options.signal?.removeEventListener('abort', cancel);

  const outputJson = outcome.status === 'STOPPED' ? undefined : outcome.outputJson;
  return {
    status: outcome.status === 'STOPPED' ? 'CANCELLED' : outcome.status,
    output: outputJson === undefined ? undefined : JSON.parse(outputJson),
    error: outcome.status === 'FAILED' ? outcome.error : undefined,
    failureType: outcome.status === 'FAILED' ? outcome.failure.type : undefined,
    progress,
    chunks,
    logs,
    isRefreshAsked,
  };
}
