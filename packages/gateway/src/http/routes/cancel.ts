import { findJob } from '../find-job.ts';
import { jobReply } from '../job-reply.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import type { Route } from '../route.ts';

export const cancelRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v2/:endpoint/cancel/:id',
    doc: runpodDocs.cancel,
    limitedAs: 'cancel',
    scopes: ['client', 'upload'],
    async handle(call) {
      const found = await findJob(call);
      // A job that ended already stays as it is, and the answer says how.
      const transition = await call.parts.queue.cancel(found.id);
      return jobReply(call, transition?.after ?? (await findJob(call)));
    },
  },
];
