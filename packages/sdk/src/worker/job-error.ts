import type { FailureType } from '@spillway/protocol';

export interface JobErrorOptions {
  /** Kind of failure; default `HANDLER_ERROR`. */
  readonly type?: FailureType;
  /** `false`: never deliver the job again, even where its endpoint retries errors of the handler. */
  readonly isRetryable?: boolean;
  /** Output of the failed job beside its error, any JSON value. */
  readonly output?: unknown;
  readonly cause?: unknown;
}

/**
 * An error whose message is meant for whoever sent the job: the job becomes FAILED with exactly this sentence, without
 * a stack trace. Anything else that a handler throws counts as unexpected and is reported with its trace.
 *
 * @example
 * if (typeof job.input.name !== 'string') throw JobError.invalidInput('name: expected text');
 */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly type: FailureType;
  readonly isRetryable: boolean | undefined;
  readonly output: unknown;

  constructor(message: string, options: JobErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.type = options.type ?? 'HANDLER_ERROR';
    this.isRetryable = options.isRetryable;
    this.output = options.output;
  }

  /** A failure that a second try can't change. */
  static nonRetryable(message: string, options: Omit<JobErrorOptions, 'isRetryable'> = {}): JobError {
    return new JobError(message, { ...options, isRetryable: false });
  }

  /** The input is wrong; the message says which field, what was expected and what to do. */
  static invalidInput(message: string): JobError {
    return new JobError(message, { type: 'INPUT_INVALID', isRetryable: false });
  }
}
