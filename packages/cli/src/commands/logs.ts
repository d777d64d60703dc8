import type { JobDetail } from '@spillway/protocol/v1';
import { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi, type GatewayApi, type Query, type TextAnswer } from '../gateway-api.ts';
import { note, print, printJsonLine } from '../output.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

interface Options extends ConnectionOptions {
  readonly follow?: boolean;
  readonly tail: number;
  readonly json?: boolean;
}

export function logsCommand(): Command {
  return new Command('logs')
    .description('show what a worker printed, and what became of jobs at RunPod')
    .argument(
      '<target>',
      "an endpoint (its newest worker, and its jobs at RunPod), a worker's id, or a job's id (its last attempt)",
    )
    .option(
      '-f, --follow',
      'go on with every further line, of an endpoint those of new workers too, until Ctrl-C or the end of the worker',
    )
    .option('-n, --tail <n>', 'how many of the last lines to begin with', wholeNumber(0, 200), 50)
    .addOption(jsonOption().default(undefined, 'one {"workerId","line"} a line'))
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
Lines that begin with [spillway] are the gateway's own remarks on the worker's life. Those that begin with [runpod and a
time tell what becomes of jobs at RunPod: states, progress and errors; those that begin with [runpod and a worker's id are
what it prints there.

Examples:
  spillway logs detect             the last lines of the endpoint's newest worker, and of those at RunPod
  spillway logs detect -f          and whatever comes, from all its workers
  spillway logs JOB                of the worker that ran this job last`,
    )
    .action(showLogs);
}

async function showLogs(target: string, options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  const query = { tail: options.tail, format: 'json', ...(options.follow ? { follow: 'true' } : {}) };
  const log = await findLog(api, target, query, leaving.signal);
  const view = createView(target, log.workerId, options.json ?? false);
  try {
    for await (const text of linesOf(log.chunks)) view(text);
  } catch (error) {
    // Leaving is how following ends.
    if (!leaving.signal.aborted) throw error;
  }
}

/** Says whose lines they are, where they don't say so themselves. */
function createView(target: string, first: string | undefined, isJson: boolean): (text: string) => void {
  let last = first;
  if (!isJson) note(first === undefined ? `no worker of ${target} has run here yet` : `worker ${first}`);
  return (text) => {
    const { workerId, line } = JSON.parse(text) as { workerId: string; line: string };
    if (isJson) return printJsonLine({ workerId, line });
    if (workerId !== last && !line.startsWith('[runpod ')) {
      last = workerId;
      note(`worker ${workerId}`);
    }
    print(line);
  };
}

/** An endpoint's name goes first; ids of jobs and workers never look like one another. */
async function findLog(
  api: GatewayApi,
  target: string,
  query: Query,
  signal: AbortSignal,
): Promise<TextAnswer> {
  const name = encodeURIComponent(target);
  const { endpoints } = await api.get<{ endpoints: readonly { name: string }[] }>('/v1/endpoints');
  if (endpoints.some((endpoint) => endpoint.name === target)) {
    const log = await api.text(`/v1/endpoints/${name}/logs`, query, signal);
    if (log) return log;
    throw new CliError(
      'WORKER_NOT_FOUND',
      `no worker of ${target} has run yet; \`spillway run ${target} …\` starts one`,
    );
  }
  const log = await api.text(`/v1/workers/${name}/logs`, query, signal);
  if (log) return log;
  const job = await api.get<JobDetail>(`/v1/jobs/${name}`).catch((error: unknown) => {
    if (error instanceof CliError && error.code === 'JOB_NOT_FOUND') return undefined;
    throw error;
  });
  if (job === undefined) {
    const names = endpoints.map((endpoint) => endpoint.name).join(', ');
    throw new CliError(
      'NOT_FOUND',
      `no endpoint, worker or job is named ${target}; endpoints: ${names || 'none'}`,
    );
  }
  const workerId = job.workerId ?? job.attempts.at(-1)?.workerId;
  if (workerId === undefined) {
    const why = job.waitReason ? ` (${job.waitReason.message})` : '';
    throw new CliError('WORKER_NOT_FOUND', `no worker has run ${target} yet${why}`);
  }
  const ofJob = await api.text(`/v1/workers/${encodeURIComponent(workerId)}/logs`, query, signal);
  if (ofJob) return ofJob;
  throw new CliError('WORKER_NOT_FOUND', `the log of ${workerId}, which ran ${target}, is not kept any more`);
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
