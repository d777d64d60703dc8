import { POLICY_LIMITS } from '@spillway/protocol';
import type { AttemptView, JobView } from '@spillway/protocol/v1';
import { GatewayError } from '../errors.ts';
import { isPlaced, type Job } from '../jobs/job.ts';
import type { JobSummary } from '../jobs/job-store.ts';
import { isReference } from '../jobs/large-values/value-reference.ts';
import { joinJsonObject } from '../lib/json-slices.ts';
import type { RemoteAttempt } from '../remote/remote-store.ts';
import { maySee } from './auth.ts';
import { answerParts, sendParts } from './large-answer.ts';
import type { Call } from './route.ts';
import { isOfCaller } from './upload-token-jobs.ts';
import { valueEntry } from './value-url.ts';

/** Jobs as `/v1` shows them. Values of users stay the text that arrived. */
const LOG_LINES = 20;

/** The job that the path names, without large values, if the caller's key is for its endpoint. Throws JOB_NOT_FOUND. */
export async function nativeJob(call: Call): Promise<Job> {
  const job = await call.parts.queue.get(call.params.id ?? '');
  if (!job || !maySee(call.caller, job.endpoint) || !isOfCaller(call.caller, job))
    throw new GatewayError('JOB_NOT_FOUND', 'job not found');
  return job;
}

/** A job without its values. In a list the reason to wait leaves out the job's place, which has to be counted. */
export async function jobView(call: Call, job: JobSummary, detail?: 'brief'): Promise<JobView> {
  const waitReason = await call.parts.waitReason(job, detail);
  return {
    id: job.id,
    endpoint: job.endpoint,
    status: isPlaced(job) ? 'IN_QUEUE' : job.status,
    priority: job.priority,
    isLowPriority: job.isLowPriority,
    tags: [...job.tags],
    createdAt: job.createdAt,
    availableAt: job.availableAt,
    expiresAt: job.expiresAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    attempt: job.attempt,
    workerId: job.workerId,
    error: job.error,
    waitReason,
  } as JobView;
}

/** A job with all it has, as JSON; of large values only their URLs where the caller wants that. Undefined: it is sent. */
export async function jobDetail(
  call: Call,
  job: Job,
  large: 'whole' | 'url' = 'whole',
): Promise<string | undefined> {
  // What workers print is no page's business.
  const attempts = call.caller.token ? [] : await attemptsOf(call, job);
  const shown = { ...(await jobView(call, job)), attempts };
  const entries = await Promise.all(
    (['input', 'output'] as const).map((name) =>
      large === 'url' ? valueEntry(call, job, name) : ([name, job[name]] as const),
    ),
  );
  const values = [...entries, ['progress', job.progress] as const];
  const head = JSON.stringify(shown).slice(0, -1);
  if (!values.some(([, value]) => isReference(value))) return `${head},${joinJsonObject(values).slice(1)}`;
  const [first, ...rest] = answerParts(values);
  await sendParts(call, [`${head},${String(first).slice(1)}`, ...rest]);
  return undefined;
}

/** The attempts that ended, and the one that runs with its worker's last lines. */
async function attemptsOf(call: Call, job: Job): Promise<readonly AttemptView[]> {
  const ended: readonly AttemptView[] = await call.parts.queue.attempts(job.id);
  return withCosts(call, job, withRoutes(call, job, [...ended, ...runningAttempt(call, job)]));
}

function runningAttempt(call: Call, job: Job): readonly AttemptView[] {
  if (!job.lease || job.startedAt === undefined) return [];
  const { workerId } = job.lease;
  const logTail = call.parts.fleet.log(workerId)?.printed(LOG_LINES).join('\n') ?? '';
  return [
    {
      number: job.attempt,
      workerId,
      startedAt: job.startedAt,
      outcome: 'running',
      ...(logTail === '' ? {} : { logTail }),
    },
  ];
}

/** Where each ran and why, for an endpoint whose jobs may run elsewhere. */
function withRoutes(call: Call, job: Job, attempts: readonly AttemptView[]): readonly AttemptView[] {
  const remote = call.parts.spill.attempts(job);
  if (!remote) return attempts;
  return attempts.map((attempt) => {
    const there = remote.find(({ workerId }) => workerId === attempt.workerId);
    if (!there)
      return { ...attempt, route: { backend: 'local', code: 'LOCAL', message: 'a worker here took it' } };
    const { reason, remoteEndpoint, remoteId, state } = there;
    return {
      ...attempt,
      route: {
        ...{ backend: 'runpod', ...reason, remoteEndpoint },
        ...(remoteId === undefined ? {} : { remoteId }),
        there: state === 'cancel' ? 'to-cancel' : state,
        ...(state === 'unseen' ? { mayRunUntil: endsThereBy(there, job) } : {}),
      },
    };
  });
}

/** Its submit carried what was left of the job's time to live, or the least that RunPod takes. */
function endsThereBy({ routedAt }: RemoteAttempt, { expiresAt }: Pick<Job, 'expiresAt'>): number {
  return Math.max(expiresAt, routedAt + POLICY_LIMITS.ttl.min);
}

/** What each cost that ended in a worker which costs something. */
function withCosts(call: Call, job: Job, attempts: readonly AttemptView[]): readonly AttemptView[] {
  const costs = call.parts.usage.costsOf(job);
  if (costs.size === 0) return attempts;
  return attempts.map((attempt) => {
    const cost = costs.get(attempt.number);
    if (!cost) return attempt;
    const { seconds, priceClass, costMicros } = cost;
    return {
      ...attempt,
      cost: {
        seconds,
        ...(priceClass === undefined ? {} : { priceClass }),
        ...(costMicros === undefined ? {} : { micros: costMicros }),
      },
    };
  });
}
