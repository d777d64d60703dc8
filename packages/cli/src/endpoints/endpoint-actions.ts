import type { EndpointView } from '@spillway/protocol/v1';
import { wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { fields, note, print, printJson, style, table } from '../output.ts';
import { oneLine } from '../text.ts';
import { changeOf, settingRows } from './endpoint-settings.ts';

/** What `spillway endpoints` does. */
export interface EndpointOptions extends ConnectionOptions {
  readonly json?: boolean;
}

const pathOf = (name: string) => `/v1/endpoints/${encodeURIComponent(name)}`;

export async function listEndpoints(options: EndpointOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const reply = await api.get<{ endpoints: readonly EndpointView[] }>('/v1/endpoints');
  if (options.json) return printJson(reply);
  if (reply.endpoints.length === 0) return note('no endpoints; add one under `endpoints` in spillway.yaml');
  const columns = [
    ...[{ title: 'endpoint' }, { title: 'workers' }, { title: 'waiting', isNumber: true }],
    ...[{ title: 'running', isNumber: true }, { title: 'remark' }],
  ];
  print(table(columns, reply.endpoints.map(endpointRow)));
}

function endpointRow(endpoint: EndpointView): string[] {
  const { name, workers, jobs, settings } = endpoint;
  const ready = workers.idle + workers.running;
  const starting = workers.initializing > 0 ? `, ${workers.initializing} starting` : '';
  const count = `${ready} of ${settings.workers.max.value}${starting}`;
  return [name, count, String(jobs.inQueue), String(jobs.inProgress), remarkOn(endpoint)];
}

function remarkOn({ isPaused, problem, settings }: EndpointView): string {
  const changed = settingRows(settings).filter(([, , remark]) => remark !== '').length;
  return [
    isPaused ? style('yellow', 'paused') : '',
    problem ? style('red', oneLine(problem.message, 60)) : '',
    changed > 0 ? `${changed} ${changed === 1 ? 'setting' : 'settings'} changed` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

export async function showEndpoint(name: string, options: EndpointOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const endpoint = await api.get<EndpointView>(pathOf(name));
  if (options.json) return printJson(endpoint);
  const { jobs, workers, problem } = endpoint;
  print(
    fields([
      ['endpoint', endpoint.name],
      ['worker', endpoint.worker],
      ['backends', endpoint.backends.join(', ')],
      ['paused', endpoint.isPaused ? 'yes; `spillway endpoints resume` ends that' : undefined],
      [
        'jobs',
        `${jobs.inQueue} waiting, ${jobs.inProgress} running, ${jobs.completed} done, ${jobs.failed} failed`,
      ],
      ['workers', `${workers.idle} idle, ${workers.running} running, ${workers.initializing} starting`],
      ['problem', problem?.message],
    ]),
  );
  printSettings(endpoint);
}

function printSettings({ settings }: EndpointView): void {
  print(`\n${table([{ title: 'setting' }, { title: 'value' }, { title: '' }], settingRows(settings))}`);
}

export async function setSettings(
  name: string,
  assignments: readonly string[],
  options: EndpointOptions,
): Promise<void> {
  const change = changeOf(assignments);
  const api = createGatewayApi(await resolveConnection(options));
  const endpoint = await api.patch<EndpointView>(pathOf(name), change);
  if (options.json) return printJson(endpoint);
  printSettings(endpoint);
  note('Kept over restarts; `spillway endpoints reset` goes back to spillway.yaml.');
}

export type EndpointAction = 'pause' | 'resume' | 'reset' | 'drain' | 'resume-starts';

const DONE: Readonly<Record<EndpointAction, string>> = {
  pause: 'paused: jobs are accepted, none is delivered',
  resume: 'delivers jobs',
  reset: 'works as spillway.yaml says',
  drain: 'its workers finish their jobs and end',
  'resume-starts': 'tries to start a worker now',
};

export async function actOnEndpoints(
  action: EndpointAction,
  names: readonly string[],
  options: EndpointOptions,
): Promise<void> {
  if (names.length === 0) throw wrongUse('name at least one endpoint');
  const api = createGatewayApi(await resolveConnection(options));
  const replies: unknown[] = [];
  for (const name of names) {
    replies.push(
      action === 'reset'
        ? await api.remove(`${pathOf(name)}/overrides`)
        : await api.post(`${pathOf(name)}/${action}`, {}),
    );
    if (!options.json) print(`${name}  ${DONE[action]}`);
  }
  if (options.json) printJson({ endpoints: replies });
}
