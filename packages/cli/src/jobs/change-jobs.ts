import type { JobDetail, JobSelection } from '@spillway/protocol/v1';
import { EXIT, wrongUse } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi, type GatewayApi } from '../gateway-api.ts';
import { statusText } from '../job-views.ts';
import { note, print, printJson } from '../output.ts';
import { type SelectionOptions, selectionOf } from './job-selection.ts';

export interface ChangeOptions extends ConnectionOptions, SelectionOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `jobs cancel` and `jobs retry`: those that are named, or all that the filters fit. */
export async function changeJobs(
  verb: 'cancel' | 'retry',
  ids: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  const selection = selectionOf(options, Date.now());
  const hasFilter = Object.keys(selection).length > 0;
  if (ids.length > 0 && (hasFilter || options.all))
    throw wrongUse(`name jobs, or give filters with --all, not both`);
  if (ids.length === 0 && !options.all) {
    throw wrongUse(`name jobs to ${verb}, or give --all, with filters such as --endpoint and --tag`);
  }
  const api = createGatewayApi(await resolveConnection(options));
  if (ids.length > 0) return changeEach(api, verb, ids, options);
  return changeAll(api, verb, hasFilter ? selection : { all: true }, options);
}

async function changeEach(
  api: GatewayApi,
  verb: 'cancel' | 'retry',
  ids: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  const jobs: JobDetail[] = [];
  for (const id of ids) {
    const job = await api.post<JobDetail>(`/v1/jobs/${encodeURIComponent(id)}/${verb}`, {});
    jobs.push(job);
    if (!options.json) print(`${id}  ${statusText(job.status)}`);
    if (verb === 'cancel' && job.status !== 'CANCELLED') {
      note(`${id} ended before it could be cancelled`);
      process.exitCode = EXIT.failed;
    }
  }
  if (options.json) printJson({ jobs: jobs.map(({ id, status }) => ({ id, status })) });
}

async function changeAll(
  api: GatewayApi,
  verb: 'cancel' | 'retry',
  selection: JobSelection,
  options: ChangeOptions,
): Promise<void> {
  const reply = await api.post<{ cancelled?: number; retried?: number }>(`/v1/jobs/${verb}`, selection);
  if (options.json) return printJson(reply);
  const count = reply.cancelled ?? reply.retried ?? 0;
  const done = verb === 'cancel' ? 'cancelled' : 'back in the queue';
  print(`${count} ${count === 1 ? 'job' : 'jobs'} ${done}`);
}

/** `jobs delete` */
export async function deleteJobs(ids: readonly string[], options: ChangeOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  for (const id of ids) {
    await api.remove(`/v1/jobs/${encodeURIComponent(id)}`);
    if (!options.json) print(`${id} deleted`);
  }
  if (options.json) printJson({ deleted: ids });
}
