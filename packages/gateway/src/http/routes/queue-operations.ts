import { GatewayError } from '../../errors.ts';
import { findJob } from '../find-job.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { endpointOf, type Route } from '../route.ts';
import { refuseUnsigned } from '../signed-jobs.ts';

/** What a caller may do to queued and failed jobs afterwards. */
export const queueOperationRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v2/:endpoint/retry/:id',
    doc: runpodDocs.retry,
    limitedAs: 'cancel',
    scopes: ['client'],
    async handle(call) {
      const job = await findJob(call);
      await refuseUnsigned(call, job);
      const transition = await call.parts.queue.retry(job.id);
      if (!transition) {
        throw new GatewayError(
          'JOB_NOT_RETRYABLE',
          `only FAILED and TIMED_OUT jobs can be retried; this one is ${job.status}`,
        );
      }
      return { id: job.id, status: transition.after.status };
    },
  },
  {
    methods: ['POST'],
    path: '/v2/:endpoint/purge-queue',
    doc: runpodDocs.purge,
    limitedAs: 'purge',
    scopes: ['client'],
    async handle(call) {
      const removed = await call.parts.queue.purge(endpointOf(call).name);
      return { removed, status: 'completed' };
    },
  },
];
