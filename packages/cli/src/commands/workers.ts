import type { WorkerView } from '@spillway/protocol/v1';
import { Command } from 'commander';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson, table } from '../output.ts';
import { agoText, durationText, oneLine } from '../text.ts';
import { dataOption, jsonOption } from './options.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
}

interface ListOptions extends Options {
  readonly endpoint?: string;
  readonly all?: boolean;
}

export function workersCommand(): Command {
  const workers = new Command('workers').description('list workers, drain some').helpCommand(false);
  workers.addCommand(listCommand(), { isDefault: true });
  workers.addCommand(drainCommand());
  return workers.addHelpText(
    'after',
    `
Examples:
  spillway workers                        those that run
  spillway workers --endpoint detect --all  and the last ones that ended, with the reason
  spillway workers drain WORKER           let it finish its jobs and end
  spillway logs WORKER                    what it printed`,
  );
}

function listCommand(): Command {
  return new Command('list')
    .description('workers that run')
    .option('-e, --endpoint <name>', 'only workers of this endpoint')
    .option('-a, --all', 'the last ones that ended too')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(listWorkers);
}

function drainCommand(): Command {
  return new Command('drain')
    .description('let workers finish their jobs and end (needs an admin key)')
    .argument('<worker...>', 'their ids')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(drainWorkers);
}

async function listWorkers(options: ListOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const { endpoint, all } = options;
  const reply = await api.get<{ workers: readonly WorkerView[] }>('/v1/workers', { endpoint });
  const workers = all ? reply.workers : reply.workers.filter(({ state }) => state !== 'stopped');
  if (options.json) return printJson({ workers });
  if (workers.length === 0)
    return note(all ? 'no workers yet' : 'no worker runs; --all shows those that ended');
  const now = Date.now();
  const columns = [
    ...[{ title: 'worker' }, { title: 'endpoint' }, { title: 'backend' }, { title: 'state' }],
    ...[{ title: 'jobs', isNumber: true }, { title: 'started' }, { title: 'remark' }],
  ];
  print(
    table(
      columns,
      workers.map((worker) => workerRow(worker, now)),
    ),
  );
}

function workerRow(worker: WorkerView, now: number): string[] {
  const { id, endpoint, backend, state, jobs, startedAt, readyAt } = worker;
  const start = readyAt === undefined ? '' : `ready after ${durationText(readyAt - startedAt)}`;
  const remark = oneLine(worker.problem ?? worker.stopReason ?? worker.preparing ?? start, 60);
  return [id, endpoint, backend, state, String(jobs), agoText(startedAt, now), remark];
}

async function drainWorkers(ids: readonly string[], options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const workers: WorkerView[] = [];
  for (const id of ids) {
    const worker = await api.post<WorkerView>(`/v1/workers/${encodeURIComponent(id)}/drain`, {});
    workers.push(worker);
    if (!options.json) print(`${id}  ${worker.state}`);
  }
  if (options.json) printJson({ workers });
}
