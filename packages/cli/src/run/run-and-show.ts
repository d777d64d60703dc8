import path from 'node:path';
import { RUN_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { ApiError, createClient } from '@spillway/sdk/client';
import { type CliError, EXIT } from '../cli-error.ts';
import { type Connection, type ConnectionOptions, resolveConnection } from '../connection.ts';
import { findEndpoint } from '../find-endpoint.ts';
import { isAway, refusal, unreachable } from '../gateway-api.ts';
import { onInterrupt } from '../interrupt.ts';
import { note } from '../output.ts';
import { type JobInput, parseJsonObject, resolveInputs } from './inputs.ts';
import { createProgressView, createSilentView, type ProgressView } from './progress-view.ts';
import { type Outcome, runJobs } from './run-jobs.ts';
import { runVideo } from './run-video.ts';
import { saveResults } from './save-results.ts';
import { outcomeLine, printOutcomes, printOutcomesAsJson } from './show-outcomes.ts';

export interface RunCommandOptions extends ConnectionOptions {
  readonly out?: string;
  readonly with?: string;
  readonly concurrency: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway run`: inputs → jobs → results; sets the exit code. */
export async function runAndShow(
  endpointName: string,
  args: readonly string[],
  options: RunCommandOptions,
): Promise<void> {
  const connection = await resolveConnection(options);
  const endpoint = await findEndpoint(connection, endpointName);
  // Annotated pictures need the masks.
  const masks = options.out !== undefined && endpoint.worker === 'detect' ? { include_masks: true } : {};
  const given = options.with === undefined ? {} : parseJsonObject('--with', options.with);
  const inputs = await resolveInputs(args, {
    extra: { ...masks, ...given },
    stdin: process.stdin,
    bodyLimitBytes: RUN_BODY_LIMIT_BYTES,
  });
  if (options.dryRun) {
    const { showEstimate } = await import('../usage/show-estimate.ts');
    return showEstimate(endpointName, { ...options, jobs: inputs.length });
  }
  const view = options.json ? createSilentView() : createProgressView(inputs, process.stderr.isTTY === true);
  const interrupt = onInterrupt(() => view.say('cancelling the jobs (Ctrl-C again leaves them running)'));
  try {
    const outcomes = await runAll(connection, endpointName, inputs, {
      options,
      view,
      signal: interrupt.signal,
    });
    view.close();
    await showAll(outcomes, options);
    const isAllDone =
      outcomes.length === inputs.length && outcomes.every(({ job }) => job?.status === 'COMPLETED');
    if (!isAllDone) process.exitCode = EXIT.failed;
    if (interrupt.signal.aborted) process.exitCode = EXIT.interrupted;
  } finally {
    view.close();
    interrupt.stop();
  }
}

function runAll(
  connection: Connection,
  endpointName: string,
  inputs: readonly JobInput[],
  { options, view, signal }: { options: RunCommandOptions; view: ProgressView; signal: AbortSignal },
): Promise<Outcome[]> {
  const client = createClient({ baseUrl: `${connection.url}/v2`, apiKey: connection.key });
  return runJobs(inputs, {
    endpoint: client.endpoint(endpointName),
    concurrency: options.concurrency,
    signal,
    fatalError: (error) => fatalError(connection, error),
    runVideo: (input, file) =>
      runVideo({ client, endpointName, input, file, out: options.out, signal, view }),
    onChange: (input, reply) => view.change(input, reply),
    onEnd: (outcome) => view.end(outcome.input, outcomeLine(outcome)),
  });
}

/** No gateway, or one that says no to the key: the next job would fare no better. */
function fatalError(connection: Connection, error: unknown): CliError | undefined {
  if (!(error instanceof ApiError)) return undefined;
  if (isAway(connection.url, error)) return unreachable(connection.url, error.cause);
  const isOfAll = error.status === 401 || error.status === 403 || error.code === 'ENDPOINT_NOT_FOUND';
  return isOfAll ? refusal(connection.url, error) : undefined;
}

async function showAll(outcomes: readonly Outcome[], options: RunCommandOptions): Promise<void> {
  if (options.json) printOutcomesAsJson(outcomes);
  else printOutcomes(outcomes);
  if (options.out === undefined) return;
  const folder = path.resolve(options.out);
  const files = await saveResults(folder, outcomes);
  if (!options.json) note(`\nWrote ${files.length} ${files.length === 1 ? 'file' : 'files'} to ${folder}`);
}
