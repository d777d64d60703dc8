import type { TakenJob } from '@spillway/protocol';
import { encodeJson } from './encode-json.ts';
import type { JobArtifacts } from './job-artifacts.ts';
import { type AttemptIdentity, createJobContext, type Handler } from './job-context.ts';
import { failureOfChunk, type Outcome, outcomeOfError, outcomeOfReturn } from './job-outcome.ts';
import type { Logger } from './log.ts';

/** Where a running attempt's partial results go; values are JSON text. */
export interface AttemptSink {
  progress(json: string): void;
  /** Resolves when the chunk is safe with the server: the generator isn't asked for the next one before that. */
  chunk(json: string): Promise<void>;
}

export interface RunAttemptOptions {
  readonly job: TakenJob;
  readonly handler: Handler;
  readonly identity: AttemptIdentity;
  readonly sink: AttemptSink;
  readonly artifacts: () => JobArtifacts;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Whether a generator's final output is the list of all it yielded, or `[]`. */
  readonly returnAggregateStream: boolean;
}

export interface AttemptResult {
  readonly outcome: Outcome;
  /** The handler was a generator. */
  readonly isStream: boolean;
  readonly isRefreshAsked: boolean;
}

/** Runs a handler on one job, from the call to the outcome. Knows nothing of HTTP; never throws. */
export async function runAttempt(options: RunAttemptOptions): Promise<AttemptResult> {
  const { job, handler, identity, sink, log, signal } = options;
  let isEnded = false;
  let isRefreshAsked = false;
  let isStream = false;
  let outcome: Outcome;
  const context = createJobContext({
    job,
    identity,
    signal,
    log,
    artifacts: options.artifacts,
    onProgress: (json) => {
      if (!isEnded && !signal.aborted) sink.progress(json);
    },
    onRefresh: () => {
      isRefreshAsked = true;
    },
  });
  try {
    const returned = await handler(job, context);
    isStream = isStreamed(returned);
    if (isStreamed(returned)) {
      outcome = await consume(returned, options);
    } else {
      const shaped = outcomeOfReturn(returned);
      isRefreshAsked ||= shaped.isRefreshAsked;
      outcome = shaped.outcome;
    }
  } catch (error) {
    outcome = outcomeOfError(error, identity);
  }
  isEnded = true;
  return { outcome: signal.aborted ? { status: 'STOPPED' } : outcome, isStream, isRefreshAsked };
}

type Streamed = AsyncIterable<unknown> | Iterable<unknown>;

/** Generators and other async iterables; a list or a text can be iterated too, but is an output. */
function isStreamed(value: unknown): value is Streamed {
  if (typeof value !== 'object' || value === null) return false;
  if (Symbol.asyncIterator in value) return true;
  return Symbol.iterator in value && 'next' in value && typeof value.next === 'function';
}

async function consume(chunks: Streamed, options: RunAttemptOptions): Promise<Outcome> {
  const { sink, signal, returnAggregateStream } = options;
  const all: string[] = [];
  let count = 0;
  for await (const chunk of chunks) {
    // Leaving the loop runs the generator's `finally` blocks.
    if (signal.aborted) return { status: 'STOPPED' };
    const failure = failureOfChunk(chunk);
    if (failure) return failure;
    const json = encodeJson(chunk, `chunk ${count}`);
    await sink.chunk(json);
    if (returnAggregateStream) all.push(json);
    count += 1;
  }
  return { status: 'COMPLETED', outputJson: `[${all.join(',')}]` };
}
