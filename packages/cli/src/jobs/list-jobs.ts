import type { JobDetail, JobPage } from '@spillway/protocol/v1';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson } from '../output.ts';
import { type SelectionOptions, selectionOf } from './job-selection.ts';
import { jobTable, printJob } from './show-job.ts';

export interface ShowOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export interface ListOptions extends ShowOptions, SelectionOptions {
  readonly limit: number;
  readonly cursor?: string;
}

export async function listJobs(options: ListOptions): Promise<void> {
  const { limit, cursor } = options;
  const now = Date.now();
  const filters = selectionOf(options, now) as Record<string, string | number>;
  const api = createGatewayApi(await resolveConnection(options));
  const page = await api.get<JobPage>('/v1/jobs', { ...filters, limit, cursor });
  if (options.json) return printJson(page);
  if (page.jobs.length === 0) return note('no jobs');
  print(jobTable(page.jobs, now));
  if (page.nextCursor !== undefined) note(`more: add --cursor ${page.nextCursor}`);
}

export async function showJob(id: string, options: ShowOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const job = await api.get<JobDetail>(`/v1/jobs/${encodeURIComponent(id)}`);
  if (options.json) return printJson(job);
  printJob(job, Date.now());
}
