import { WAIT_LIMITS } from '@spillway/protocol';
import { waitUntilFinal } from '../../jobs/job-waiters.ts';
import { authorize } from '../auth.ts';
import { findJob } from '../find-job.ts';
import { jobReply } from '../job-reply.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { millisecondsOf, type Route, waitOf } from '../route.ts';

export const statusRoutes: readonly Route[] = [
  {
    methods: ['GET', 'POST'],
    path: '/v2/:endpoint/status/:id',
    doc: runpodDocs.status,
    limitedAs: 'status',
    scopes: ['client', 'viewer', 'upload'],
    async handle(call) {
      const ttlMs = millisecondsOf(call, 'ttl');
      if (ttlMs !== undefined) authorize(call.caller, ['client', 'upload'], undefined);
      const job = await findJob(call);
      if (ttlMs !== undefined) call.parts.forgetSoon(job, ttlMs);
      return jobReply(call, job, await call.parts.waitReason(job));
    },
  },
  {
    methods: ['GET', 'POST'],
    path: '/v2/:endpoint/status-sync/:id',
    doc: runpodDocs.statusSync,
    limitedAs: 'status',
    scopes: ['client', 'viewer', 'upload'],
    async handle(call) {
      const { queue, waiters, waitReason } = call.parts;
      const waitMs = waitOf(call, WAIT_LIMITS['status-sync']);
      const found = await findJob(call);
      if (found.finishedAt !== undefined) return jobReply(call, found);
      const job = (await waitUntilFinal(queue, waiters, found.id, { waitMs, signal: call.hangUp })) ?? found;
      return jobReply(call, job, await waitReason(job));
    },
  },
];
