import { WORKER_ENV } from '@spillway/protocol';

/**
 * The addresses of one worker, made from the URL templates of its environment as RunPod's own worker makes them:
 * text replacement, parameters appended, `job-take-batch` and `job-stop` derived from the address of `job-take`.
 */
export interface WorkerUrls {
  take(isBusy: boolean): string;
  takeBatch(size: number, isBusy: boolean): string;
  stop(): string;
  done(jobId: string, options: { isStream: boolean; attempt: number | undefined }): string;
  /** `attempt` and `chunk` (index from 0) are only sent to a server that told the attempt's number. */
  stream(jobId: string, options: { attempt: number | undefined; chunk: number }): string;
  /** Undefined where no heartbeat is wanted. */
  readonly ping: ((jobIds: readonly string[], version: string, isStopping: boolean) => string) | undefined;
}

export interface UrlTemplates {
  readonly getJob: string;
  readonly postOutput: string;
  readonly postStream: string;
  readonly ping: string | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function createWorkerUrls(templates: UrlTemplates, workerId: string): WorkerUrls {
  const take = fill(templates.getJob, workerId, workerId);
  const { ping } = templates;
  return {
    take: (isBusy) => withQuery(take, { job_in_progress: isBusy ? 1 : 0 }),
    takeBatch: (size, isBusy) =>
      withQuery(take.replace('/job-take/', '/job-take-batch/'), {
        batch_size: size,
        job_in_progress: isBusy ? 1 : 0,
      }),
    stop: () => take.replace('/job-take/', '/job-stop/'),
    done: (jobId, { isStream, attempt }) =>
      withQuery(fill(templates.postOutput, jobId, workerId), { isStream, attempt }),
    stream: (jobId, { attempt, chunk }) =>
      withQuery(fill(templates.postStream, jobId, workerId), {
        isStream: false,
        attempt,
        chunk: attempt === undefined ? undefined : chunk,
      }),
    ping:
      ping === undefined
        ? undefined
        : (jobIds, version, isStopping) =>
            withQuery(fill(ping, workerId, workerId), {
              job_id: jobIds.length === 0 ? undefined : jobIds.join(','),
              spillway_version: version,
              stopping: isStopping ? 1 : undefined,
            }),
  };
}

/** What is wrong with the templates; empty when nothing is. */
export function findUrlProblems(templates: UrlTemplates): string[] {
  const problems: string[] = [];
  const named: readonly [string, string | undefined][] = [
    [WORKER_ENV.getJob, templates.getJob],
    [WORKER_ENV.postOutput, templates.postOutput],
    [WORKER_ENV.postStream, templates.postStream],
    [WORKER_ENV.ping, templates.ping],
  ];
  for (const [name, value] of named) {
    if (value === undefined || value === '') continue;
    if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
      problems.push(`${name}: expected an http(s) URL, got "${value}".`);
    }
  }
  if (!templates.getJob.includes('/job-take/')) {
    problems.push(`${WORKER_ENV.getJob}: its path must contain "/job-take/", got "${templates.getJob}".`);
  }
  return problems;
}

function fill(template: string, id: string, workerId: string): string {
  return template
    .replaceAll('$RUNPOD_POD_ID', () => encodeURIComponent(workerId))
    .replaceAll('$ID', () => encodeURIComponent(id));
}

function withQuery(url: string, query: Query): string {
  let text = url;
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    text += `${text.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(String(value))}`;
  }
  return text;
}
