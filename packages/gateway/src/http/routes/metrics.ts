import { z } from 'zod';
import type { JobSummary } from '../../jobs/job-store.ts';
import { jobListQuerySchema, withoutAbsent } from '../job-filter.ts';
import { monitoringDocs } from '../openapi/native-docs.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { checkValue } from '../parse-body.ts';
import { endpointOf, type Route } from '../route.ts';

const requestsQuerySchema = z.object({
  status: jobListQuerySchema.shape.status,
  limit: jobListQuerySchema.shape.limit,
  cursor: jobListQuerySchema.shape.cursor,
});

/** Figures for those who watch: Prometheus, and the two looks at an endpoint that RunPod's console has. */
export const metricsRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/metrics',
    doc: monitoringDocs.metrics,
    scopes: ['viewer'],
    async handle({ parts, reply }) {
      await reply.type('text/plain; version=0.0.4; charset=utf-8').send(await parts.metricsText());
      return undefined;
    },
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/metrics',
    doc: runpodDocs.metrics,
    scopes: ['client', 'viewer'],
    isForBothTypes: true,
    handle(call) {
      const { name, loadBalancing } = endpointOf(call);
      const { fleet, loadBalancer } = call.parts;
      if (loadBalancing) {
        return { readyWorkers: loadBalancer.readyWorkers(name), workers: loadBalancer.health(name).workers };
      }
      const { ready, running, idle, initializing, throttled, unhealthy } = fleet.counts(name);
      const readyWorkers = fleet.workers(name).filter(({ state }) => state === 'idle');
      return {
        readyWorkers: readyWorkers.map(({ id }) => id),
        workers: { ready, running, idle, initializing, throttled, unhealthy },
      };
    },
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/requests',
    doc: runpodDocs.requests,
    limitedAs: 'requests',
    scopes: ['client', 'viewer'],
    async handle(call) {
      const { name } = endpointOf(call);
      // RunPod's clients may send what it knows beside these.
      const filter = checkValue(requestsQuerySchema, call.query);
      const page = await call.parts.queue.list({
        ...withoutAbsent(filter),
        limit: filter.limit,
        endpoint: name,
      });
      return {
        requests: page.jobs.map(requestView),
        ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      };
    },
  },
];

/** RunPod leaves the shape of its list open; this is its job without values, and with the time of its submit. */
function requestView(job: JobSummary): object {
  const { startedAt, finishedAt } = job;
  const isTaken = startedAt !== undefined && job.status !== 'IN_QUEUE';
  return {
    id: job.id,
    status: job.status,
    createdAt: job.createdAt,
    ...(isTaken ? { delayTime: startedAt - job.queuedAt, workerId: job.workerId } : {}),
    ...(isTaken && finishedAt !== undefined ? { executionTime: finishedAt - startedAt } : {}),
    ...(job.attempt > 1 ? { retries: job.attempt - 1 } : {}),
    ...(job.error === undefined ? {} : { error: job.error }),
  };
}
