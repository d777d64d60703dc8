import path from 'node:path';
import { RUN_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { ApiError, createClient } from '@spillway/sdk/client';
import { CliError, EXIT } from '../cli-error.ts';
import type { RunCommandOptions } from '../commands/run.ts';
import { type Connection, resolveConnection } from '../connection.ts';
import { createGatewayApi, refusal, unreachable } from '../gateway-api.ts';
import { note } from '../output.ts';
import { type JobInput, parseJsonObject, resolveInputs } from './inputs.ts';
import { createProgressView, createSilentView, type ProgressView } from './progress-view.ts';
import { type Outcome, runJobs } from './run-jobs.ts';
import { runVideo } from './run-video.ts';
import { saveResults } from './save-results.ts';
import { outcomeLine, printOutcomes, printOutcomesAsJson } from './show-outcomes.ts';

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
  const interrupt = cancelOnInterrupt(view);
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
    interrupt.release();
  }
}

interface EndpointView {
  readonly name: string;
  readonly worker?: string;
}

async function findEndpoint(connection: Connection, name: string): Promise<EndpointView> {
  const api = createGatewayApi(connection);
  const { endpoints } = await api.get<{ endpoints: readonly EndpointView[] }>('/v1/endpoints');
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found) return found;
  const names = endpoints.map((endpoint) => endpoint.name).join(', ') || 'none';
  throw new CliError(
    'ENDPOINT_NOT_FOUND',
    `no endpoint is named ${name} at ${connection.url}; endpoints: ${names}`,
    EXIT.wrongUse,
  );
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
  if (error.code === 'UNREACHABLE') return unreachable(connection.url, error.cause);
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

/** The first Ctrl-C cancels the jobs, the second leaves at once. */
function cancelOnInterrupt(view: ProgressView) {
  const cancelling = new AbortController();
  function onInterrupt(): void {
    if (cancelling.signal.aborted) process.exit(EXIT.interrupted);
    view.say('cancelling the jobs (Ctrl-C again leaves them running)');
    cancelling.abort();
  }
  process.on('SIGINT', onInterrupt);
  return { signal: cancelling.signal, release: () => process.off('SIGINT', onInterrupt) };
}
