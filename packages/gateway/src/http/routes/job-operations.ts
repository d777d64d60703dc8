import { jobSelectionSchema } from '@spillway/protocol/v1';
import { GatewayError } from '../../errors.ts';
import type { Transition } from '../../jobs/job-machine.ts';
import type { JobSummary } from '../../jobs/job-store.ts';
import { maySee } from '../auth.ts';
import { type Filters, filtersOf, listVisible } from '../job-filter.ts';
import { jobDetail, nativeJob } from '../native-job.ts';
import { jobDocs } from '../openapi/native-docs.ts';
import { parseBody } from '../parse-body.ts';
import type { Call, Route } from '../route.ts';
import { refuseUnsigned, retryIfSigned } from '../signed-jobs.ts';

const PAGE = 500;

/** What may be done to jobs afterwards, one by one or by filter. */
export const jobOperationRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v1/jobs/:id/cancel',
    doc: jobDocs.cancel,
    limitedAs: 'cancel',
    scopes: ['client'],
    async handle(call) {
      const job = await nativeJob(call);
      // A job that ended already stays as it is, and the answer says how.
      const transition = await call.parts.queue.cancel(job.id);
      return jobDetail(call, transition?.after ?? (await nativeJob(call)));
    },
  },
  {
    methods: ['POST'],
    path: '/v1/jobs/:id/retry',
    doc: jobDocs.retry,
    limitedAs: 'cancel',
    scopes: ['client'],
    async handle(call) {
      const job = await nativeJob(call);
      await refuseUnsigned(call, job);
      const transition = await call.parts.queue.retry(job.id);
      if (transition) return jobDetail(call, transition.after);
      const sentence = `only FAILED and TIMED_OUT jobs can be retried; this one is ${job.status}`;
      throw new GatewayError('JOB_NOT_RETRYABLE', sentence);
    },
  },
  {
    methods: ['DELETE'],
    path: '/v1/jobs/:id',
    doc: jobDocs.delete,
    limitedAs: 'cancel',
    scopes: ['client'],
    async handle(call) {
      const job = await nativeJob(call);
      if (await call.parts.queue.remove(job.id)) return undefined;
      const { status } = await nativeJob(call);
      const sentence = `only jobs that have ended can be deleted; this one is ${status}, so cancel it first`;
      throw new GatewayError('JOB_NOT_ENDED', sentence);
    },
  },
  {
    methods: ['POST'],
    path: '/v1/jobs/cancel',
    doc: jobDocs.cancelMany,
    scopes: ['client'],
    handle: async (call) => ({
      cancelled: await applyToAll(call, ['IN_QUEUE', 'IN_PROGRESS'], call.parts.queue.cancel),
    }),
  },
  {
    methods: ['POST'],
    path: '/v1/jobs/retry',
    doc: jobDocs.retryMany,
    scopes: ['client'],
    handle: async (call) => ({
      retried: await applyToAll(call, ['FAILED', 'TIMED_OUT'], (id) => retryIfSigned(call, id)),
    }),
  },
];

type Status = JobSummary['status'];

/** Applies an operation to every job that the body selects and that is in one of these states; answers to how many. */
async function applyToAll(
  call: Call,
  states: readonly Status[],
  apply: (id: string) => Promise<Transition | undefined>,
): Promise<number> {
  const selection = parseBody(jobSelectionSchema, call.body);
  const filters = filtersOf(selection);
  const count = async (jobs: readonly JobSummary[]) => {
    const done = await Promise.all(jobs.map((job) => apply(job.id)));
    return done.filter((transition) => transition !== undefined).length;
  };
  if (selection.ids) return count(await named(call, selection.ids, filters));
  let total = 0;
  for (const status of states) {
    if (filters.status !== undefined && filters.status !== status) continue;
    for await (const jobs of pages(call, { ...filters, status })) total += await count(jobs);
  }
  return total;
}

/** Page by page, the newest first, so that what is submitted meanwhile is not touched. */
async function* pages(call: Call, filters: Filters): AsyncGenerator<readonly JobSummary[]> {
  let cursor: string | undefined;
  do {
    const page = await listVisible(call, { ...filters, limit: PAGE, ...(cursor ? { cursor } : {}) });
    yield page.jobs;
    cursor = page.nextCursor;
  } while (cursor !== undefined && !call.signal.aborted);
}

async function named(call: Call, ids: readonly string[], filters: Filters): Promise<readonly JobSummary[]> {
  const found = await Promise.all([...new Set(ids)].map((id) => call.parts.queue.get(id)));
  return found.filter((job): job is NonNullable<typeof job> => {
    if (!job || !maySee(call.caller, job.endpoint)) return false;
    const { endpoint, status, tag, since, until } = filters;
    return (
      (endpoint === undefined || job.endpoint === endpoint) &&
      (status === undefined || job.status === status) &&
      (tag === undefined || job.tags.includes(tag)) &&
      (since === undefined || job.createdAt >= since) &&
      (until === undefined || job.createdAt < until)
    );
  });
}
