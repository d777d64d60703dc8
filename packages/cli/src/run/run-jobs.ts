import type { EndpointClient, JobReply } from '@spillway/sdk/client';
import { CliError } from '../cli-error.ts';
import type { JobInput } from './inputs.ts';

/** How one input ended: with a job in a final state, or with an error before there was one. */
export interface Outcome {
  readonly input: JobInput;
  readonly job?: JobReply;
  readonly error?: CliError;
}

export interface RunOptions {
  readonly endpoint: EndpointClient;
  /** Jobs under way at once. */
  readonly concurrency: number;
  /** Ends everything: running jobs are cancelled, further ones not sent. */
  readonly signal: AbortSignal;
  /** An error that concerns all jobs (no gateway, a wrong key) as what is told; undefined for one of a single job. */
  readonly fatalError: (error: unknown) => CliError | undefined;
  /** Has a video processed; the reply is that of its last job. */
  readonly runVideo?: (input: JobInput, file: string) => Promise<JobReply>;
  readonly onChange: (input: JobInput, reply: JobReply) => void;
  readonly onEnd: (outcome: Outcome) => void;
}

/**
 * Sends every input as a job and waits for its end; outcomes come in the order of the inputs, without those that an
 * interruption left unsent.
 * @throws CliError when an error concerns all jobs; those already sent go on.
 */
export async function runJobs(inputs: readonly JobInput[], options: RunOptions): Promise<Outcome[]> {
  const outcomes: (Outcome | undefined)[] = inputs.map(() => undefined);
  let fatal: CliError | undefined;
  const waiting = inputs.entries();
  // All lanes draw from one iterator.
  async function runLane(): Promise<void> {
    for (const [index, input] of waiting) {
      if (options.signal.aborted || fatal) return;
      const outcome = await runOne(input, options).catch((error: unknown): Outcome => {
        fatal ??= options.fatalError(error);
        return { input, error: asCliError(error) };
      });
      outcomes[index] = outcome;
      if (!fatal) options.onEnd(outcome);
    }
  }
  const lanes = Math.min(options.concurrency, inputs.length);
  await Promise.all(Array.from({ length: lanes }, runLane));
  if (fatal) throw fatal;
  return outcomes.filter((outcome) => outcome !== undefined);
}

async function runOne(input: JobInput, options: RunOptions): Promise<Outcome> {
  const { endpoint, signal, onChange, runVideo } = options;
  if (input.videoFile !== undefined && runVideo)
    return { input, job: await runVideo(input, input.videoFile) };
  const parts = await input.load();
  // Not under the signal: a submit that is cut off may be a job whose id nobody knows.
  const submitted = await endpoint.run(parts.input, parts.rest);
  onChange(input, submitted);
  try {
    const job = await endpoint.waitForJob(submitted.id, {
      signal,
      onProgress: (reply) => onChange(input, reply),
    });
    return { input, job };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { input, job: await endpoint.cancel(submitted.id) };
  }
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  return new CliError('FAILED', error instanceof Error ? error.message : String(error));
}
