import type { AttemptView, JobDetail, JobView } from '@spillway/protocol/v1';
import { statusText } from '../job-views.ts';
import { fields, print, style, table } from '../output.ts';
import { agoText, durationText, oneLine, shortJson } from '../text.ts';
import { dollars } from '../usage/cost-texts.ts';

/** How jobs look on the terminal. */
const LOG_LINES = 5;

export function jobTable(jobs: readonly JobView[], now: number): string {
  const columns = [
    ...[{ title: 'job' }, { title: 'endpoint' }, { title: 'status' }, { title: 'created' }],
    ...[{ title: 'took', isNumber: true }, { title: 'remark' }],
  ];
  return table(
    columns,
    jobs.map((job) => jobRow(job, now)),
  );
}

function jobRow(job: JobView, now: number): string[] {
  const { id, endpoint, status, createdAt, startedAt, finishedAt } = job;
  const took = startedAt === undefined ? '' : durationText((finishedAt ?? now) - startedAt);
  const tags = job.tags.length > 0 ? `[${job.tags.join(', ')}] ` : '';
  const remark = oneLine(`${tags}${job.error ?? job.waitReason?.message ?? ''}`, 60);
  return [id, endpoint, statusText(status), agoText(createdAt, now), took, remark];
}

export function printJob(job: JobDetail, now: number): void {
  const { startedAt, finishedAt, createdAt, priority, tags } = job;
  const started =
    startedAt === undefined
      ? undefined
      : `${timeText(startedAt)} (waited ${durationText(startedAt - createdAt)})`;
  const ended =
    finishedAt === undefined
      ? undefined
      : `${timeText(finishedAt)} (after ${durationText(finishedAt - (startedAt ?? createdAt))})`;
  print(
    fields([
      ['job', job.id],
      ['endpoint', job.endpoint],
      ['status', statusText(job.status)],
      ['waits because', job.waitReason?.message],
      ['priority', priority === 0 ? undefined : String(priority)],
      ['tags', tags.length === 0 ? undefined : tags.join(', ')],
      ['created', timeText(createdAt)],
      ['started', started],
      ['ended', ended],
      ['worker', job.workerId],
      ['error', job.error],
    ]),
  );
  if (job.attempts.length > 0) print(`\n${attemptTable(job.attempts, now)}`);
  const log = job.attempts.at(-1)?.logTail;
  if (log !== undefined)
    print(section("last lines of the worker's log", log.split('\n').slice(-LOG_LINES).join('\n')));
  print(section('input', shortJson(job.input)));
  if (job.output !== undefined) print(section('output', shortJson(job.output)));
  else if (job.progress !== undefined) print(section('progress', shortJson(job.progress)));
}

function attemptTable(attempts: readonly AttemptView[], now: number): string {
  const isRouted = attempts.some(({ route }) => route !== undefined);
  const isCostly = attempts.some(({ cost }) => cost !== undefined);
  const columns = [
    ...[{ title: 'attempt', isNumber: true }, { title: 'outcome' }, { title: 'worker' }],
    ...(isRouted ? [{ title: 'where' }] : []),
    { title: 'took', isNumber: true },
    ...(isCostly ? [{ title: 'cost', isNumber: true }] : []),
    { title: 'reason' },
  ];
  const rows = attempts.map(({ number, outcome, workerId, startedAt, endedAt, failure, route, cost }) => {
    const reason = failure === undefined ? '' : oneLine(`${failure.type}: ${failure.message}`, 80);
    const where = route?.remoteEndpoint === undefined ? 'here' : `RunPod ${route.remoteEndpoint}`;
    const took = durationText((endedAt ?? now) - startedAt);
    const costs = isCostly ? [costText(cost)] : [];
    return [String(number), outcome, workerId, ...(isRouted ? [where] : []), took, ...costs, reason];
  });
  return [table(columns, rows), ...attempts.flatMap((attempt) => routeLines(attempt, now))].join('\n');
}

/** Nothing where nobody counts it: workers here that cost nothing, attempts that go on. */
function costText(cost: AttemptView['cost']): string {
  if (cost === undefined) return '';
  return cost.micros === undefined ? 'unknown' : dollars(cost.micros);
}

/** Why one went to RunPod, and what may be left of it there. */
function routeLines({ number, route }: AttemptView, now: number): string[] {
  if (route?.remoteEndpoint === undefined) return [];
  const { remoteEndpoint, remoteId, message, there, mayRunUntil } = route;
  const id = remoteId === undefined ? '' : ` as ${remoteId}`;
  const lines = [`attempt ${number} went to ${remoteEndpoint}${id}: ${message}`];
  if (there === 'to-cancel') lines.push('  it counts for nothing any more, and is yet to be cancelled there');
  if (there === 'unseen' && (mayRunUntil ?? 0) > now)
    lines.push(
      `  no answer came to its submit: until ${timeText(mayRunUntil ?? 0)} it may run there and cost; it counts for nothing`,
    );
  return lines;
}

function section(name: string, text: string): string {
  return `\n${style('dim', name)}\n${text}`;
}

function timeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC');
}
