import type { JobReply } from '@spillway/protocol';
import { Command } from 'commander';
import { EXIT } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi, type GatewayApi } from '../gateway-api.ts';
import { type JobDetail, type JobView, statusText } from '../job-views.ts';
import { fields, note, print, printJson, style, table } from '../output.ts';
import { agoText, durationText, oneLine, shortJson } from '../text.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
}

interface ListOptions extends Options {
  readonly endpoint?: string;
  readonly status?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('list jobs, look at one, cancel some').helpCommand(false);
  // `isDefault` lets `spillway jobs --status FAILED` mean the list.
  jobs.addCommand(listCommand(), { isDefault: true });
  jobs.addCommand(showCommand());
  jobs.addCommand(cancelCommand());
  return jobs.addHelpText(
    'after',
    `
\`spillway jobs\` alone is \`spillway jobs list\`; it takes its options too (spillway jobs list --help).

Examples:
  spillway jobs                                the newest jobs of all endpoints
  spillway jobs --endpoint detect --status FAILED
  spillway jobs show JOB                       everything about one job
  spillway jobs cancel JOB                     stop it, queued or running
  spillway jobs --json | jq -r '.jobs[].id'`,
  );
}

function listCommand(): Command {
  return new Command('list')
    .description('the newest jobs first')
    .option('-e, --endpoint <name>', 'only jobs of this endpoint')
    .option(
      '-s, --status <status>',
      'only jobs in this state: IN_QUEUE, IN_PROGRESS, COMPLETED, FAILED, CANCELLED, TIMED_OUT',
    )
    .option('-n, --limit <n>', 'how many at most', wholeNumber(1, 500), 20)
    .option('--cursor <cursor>', 'go on where the list before ended (its `nextCursor`)')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(listJobs);
}

function showCommand(): Command {
  return new Command('show')
    .description('everything about one job')
    .argument('<job>', 'id of the job')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(showJob);
}

function cancelCommand(): Command {
  return new Command('cancel')
    .description('stop jobs, queued or running')
    .argument('<job...>', 'ids of the jobs')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(cancelJobs);
}

async function listJobs(options: ListOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const { endpoint, limit, cursor } = options;
  const status = options.status?.toUpperCase().replaceAll('-', '_');
  const page = await api.get<{ jobs: readonly JobView[]; nextCursor?: string }>('/v1/jobs', {
    ...{ endpoint, status, limit, cursor },
  });
  if (options.json) return printJson(page);
  if (page.jobs.length === 0) return note('no jobs');
  const now = Date.now();
  const columns = [
    ...[{ title: 'job' }, { title: 'endpoint' }, { title: 'status' }, { title: 'created' }],
    ...[{ title: 'took', isNumber: true }, { title: 'remark' }],
  ];
  print(
    table(
      columns,
      page.jobs.map((job) => jobRow(job, now)),
    ),
  );
  if (page.nextCursor !== undefined) note(`more: add --cursor ${page.nextCursor}`);
}

function jobRow(job: JobView, now: number): string[] {
  const { id, endpoint, status, createdAt, startedAt, finishedAt } = job;
  const took = startedAt === undefined ? '' : durationText((finishedAt ?? now) - startedAt);
  const remark = oneLine(job.error ?? job.waitReason?.message ?? '', 60);
  return [id, endpoint, statusText(status), agoText(createdAt, now), took, remark];
}

async function showJob(id: string, options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const job = await getJob(api, id);
  if (options.json) return printJson(job);
  const { startedAt, finishedAt, createdAt } = job;
  const started =
    startedAt === undefined
      ? undefined
      : `${time(startedAt)} (waited ${durationText(startedAt - createdAt)})`;
  const ended =
    finishedAt === undefined
      ? undefined
      : `${time(finishedAt)} (after ${durationText(finishedAt - (startedAt ?? createdAt))})`;
  print(
    fields([
      ['job', job.id],
      ['endpoint', job.endpoint],
      ['status', statusText(job.status)],
      ['waits because', job.waitReason?.message],
      ['created', time(createdAt)],
      ['started', started],
      ['ended', ended],
      ['worker', job.workerId],
      ['error', job.error],
    ]),
  );
  if (job.attempts.length > 0) print(`\n${attemptsTable(job)}`);
  print(section('input', job.input));
  if (job.output !== undefined) print(section('output', job.output));
  else if (job.progress !== undefined) print(section('progress', job.progress));
}

function attemptsTable(job: JobDetail): string {
  const columns = [
    ...[{ title: 'attempt', isNumber: true }, { title: 'outcome' }, { title: 'worker' }],
    ...[{ title: 'took', isNumber: true }, { title: 'reason' }],
  ];
  const rows = job.attempts.map(({ number, outcome, workerId, startedAt, endedAt, failure }) => {
    const reason = failure === undefined ? '' : oneLine(`${failure.type}: ${failure.message}`, 80);
    return [String(number), outcome, workerId, durationText(endedAt - startedAt), reason];
  });
  return table(columns, rows);
}

function section(name: string, value: unknown): string {
  return `\n${style('dim', name)}\n${shortJson(value)}`;
}

function time(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');
}

async function cancelJobs(ids: readonly string[], options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const replies: JobReply[] = [];
  for (const id of ids) {
    const { endpoint } = await getJob(api, id);
    const path = `/v2/${encodeURIComponent(endpoint)}/cancel/${encodeURIComponent(id)}`;
    const reply = await api.post<JobReply>(path, {});
    replies.push(reply);
    if (!options.json) print(`${id}  ${statusText(reply.status)}`);
    if (reply.status !== 'CANCELLED') {
      note(`${id} ended before it could be cancelled`);
      process.exitCode = EXIT.failed;
    }
  }
  if (options.json) printJson({ jobs: replies });
}

function getJob(api: GatewayApi, id: string): Promise<JobDetail> {
  return api.get<JobDetail>(`/v1/jobs/${encodeURIComponent(id)}`);
}
