import type { WorkerHost } from './host.ts';
import { createLocalArtifacts } from './job-artifacts.ts';
import { createWorkerLog, parseLogLevel } from './log.ts';
import { runAttempt } from './run-attempt.ts';
import { parseTakenJob } from './taken-job.ts';
import type { WorkerOptions } from './worker-options.ts';

/**
 * One job without a server, from `--test_input '{…}'` or `test_input.json`, as RunPod's worker does it. Progress, chunks
 * and log go to stderr, the output alone to stdout, so that a pipe gets clean JSON.
 */
export async function runLocally(
  options: WorkerOptions,
  host: WorkerHost,
  signal: AbortSignal,
): Promise<number> {
  const given = await findTestInput(host);
  if (given === undefined) {
    host.writeError(HOW_TO_RUN);
    return 1;
  }
  const parsed = parseTestInput(given);
  if (typeof parsed === 'string') {
    host.writeError(parsed);
    return 1;
  }
  const log = createWorkerLog({
    write: host.writeError,
    format: 'text',
    level: parseLogLevel(host.env),
    secrets: [],
  });
  const { outcome } = await runAttempt({
    job: parsed,
    handler: options.handler,
    artifacts: createLocalArtifacts,
    identity: { attempt: 1, workerId: 'local', hostname: 'local', endpoint: undefined },
    sink: {
      progress: (json) => host.writeError(`progress ${json}`),
      chunk: async (json) => host.writeError(`chunk    ${json}`),
    },
    log: log.forJob(parsed.id),
    signal,
    returnAggregateStream: options.returnAggregateStream ?? false,
  });
  if (outcome.status !== 'STOPPED' && outcome.outputJson !== undefined) host.writeOut(outcome.outputJson);
  if (outcome.status === 'FAILED') host.writeError(`FAILED: ${readable(outcome.error)}`);
  if (outcome.status === 'STOPPED') host.writeError('CANCELLED');
  return outcome.status === 'COMPLETED' ? 0 : 1;
}

/** Whether the command line asks for a local run, server or not. */
export function hasTestInput(host: WorkerHost): boolean {
  return testInputArgument(host.args) !== undefined;
}

interface TestInput {
  readonly source: string;
  readonly text: string;
}

async function findTestInput(host: WorkerHost): Promise<TestInput | undefined> {
  const argument = testInputArgument(host.args);
  if (argument !== undefined) return { source: '--test_input', text: argument };
  const text = await host.readFile('test_input.json');
  return text === undefined ? undefined : { source: 'test_input.json', text };
}

function testInputArgument(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '--test_input' || arg.startsWith('--test_input='));
  const arg = args[at];
  if (arg === undefined) return undefined;
  return arg === '--test_input' ? (args[at + 1] ?? '') : arg.slice('--test_input='.length);
}

function parseTestInput({ source, text }: TestInput) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `${source}: not valid JSON (${error instanceof Error ? error.message : String(error)}).`;
  }
  const isJob = typeof value === 'object' && value !== null && 'input' in value;
  const taken = isJob ? parseTakenJob({ id: 'local-test', ...(value as object) }) : undefined;
  if (taken && taken.problem === undefined) return taken.job;
  return `${source}: expected a JSON object with the key "input" that holds an object, e.g. {"input": {"name": "Ada"}}.`;
}

/** An unexpected error crosses the wire as JSON text; here a person reads it. */
function readable(error: string): string {
  try {
    const value: unknown = JSON.parse(error);
    const trace = (value as { error_traceback?: unknown } | null)?.error_traceback;
    return typeof trace === 'string' && trace !== '' ? trace : error;
  } catch {
    return error;
  }
}

const HOW_TO_RUN = `This worker has no server to take jobs from (RUNPOD_WEBHOOK_GET_JOB is not set). Either
  try it on one job:    --test_input '{"input": {"name": "Ada"}}', or put that JSON into test_input.json, or
  serve an endpoint:    name its command in spillway.yaml and run "spillway up".`;
