import { JOB_STATUSES, type JobStatus } from '@spillway/protocol';
import { GatewayError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import type { JobSummary } from '../../jobs/job-store.ts';
import { joinJsonObject } from '../../lib/json-slices.ts';
import type { Call, Route } from '../route.ts';

const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 500;

export const jobListRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/jobs',
    scopes: ['client', 'viewer'],
    async handle(call) {
      const page = await call.parts.queue.list({ ...filterOf(call), limit: limitOf(call) });
      return {
        jobs: await Promise.all(
          page.jobs.filter((job) => maySee(call, job.endpoint)).map((job) => summary(call, job)),
        ),
        ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      };
    },
  },
  {
    methods: ['GET'],
    path: '/v1/jobs/:id',
    scopes: ['client', 'viewer'],
    async handle(call) {
      const job = await call.parts.queue.get(call.params.id ?? '');
      if (!job || !maySee(call, job.endpoint)) throw new GatewayError('JOB_NOT_FOUND', 'job not found');
      const attempts = await call.parts.queue.attempts(job.id);
      return withValues(await summary(call, job), job, { attempts });
    },
  },
];

function maySee(call: Call, endpoint: string): boolean {
  return call.caller.endpoints === undefined || call.caller.endpoints.includes(endpoint);
}

async function summary(call: Call, job: JobSummary): Promise<object> {
  const waitReason = await call.parts.waitReason(job);
  return {
    id: job.id,
    endpoint: job.endpoint,
    status: job.status,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    attempt: job.attempt,
    workerId: job.workerId,
    error: job.error,
    waitReason,
  };
}

/** The user's values as the text they are. */
function withValues(shown: object, job: Job, more: object): string {
  const head = JSON.stringify({ ...shown, ...more });
  const values = joinJsonObject([
    ['input', job.input],
    ['output', job.output],
    ['progress', job.progress],
  ]);
  return `${head.slice(0, -1)},${values.slice(1)}`;
}

function filterOf(call: Call) {
  const { endpoint, status, cursor } = call.query;
  if (status !== undefined && !(JOB_STATUSES as readonly string[]).includes(status)) {
    throw new GatewayError(
      'INPUT_INVALID',
      `status: expected one of ${JOB_STATUSES.join(', ')}, got "${status}"`,
    );
  }
  if (cursor !== undefined && !/^\d+$/.test(cursor)) {
    throw new GatewayError('INPUT_INVALID', 'cursor: expected the nextCursor of the page before');
  }
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(status === undefined ? {} : { status: status as JobStatus }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

function limitOf(call: Call): number {
  const limit = Number(call.query.limit ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_LIMIT) {
    throw new GatewayError('INPUT_INVALID', `limit: expected a whole number from 1 to ${LARGEST_LIMIT}`);
  }
  return limit;
}
