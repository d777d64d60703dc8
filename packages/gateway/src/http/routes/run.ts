import { RUN_BODY_LIMIT_BYTES, RUNSYNC_BODY_LIMIT_BYTES, WAIT_LIMITS } from '@spillway/protocol';
import type { Job } from '../../jobs/job.ts';
import { waitUntilFinal } from '../../jobs/job-waiters.ts';
import { submitterOf } from '../auth.ts';
import { jobReply } from '../job-reply.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { parseSubmit } from '../parse-submit.ts';
import { type Call, endpointOf, type Route, refuseIfStopping, waitOf } from '../route.ts';
import { submitOfPage } from '../upload-token-jobs.ts';

export const runRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v2/:endpoint/run',
    doc: runpodDocs.run,
    limitedAs: 'run',
    scopes: ['client', 'upload'],
    bodyLimitBytes: RUN_BODY_LIMIT_BYTES,
    handle: (call) =>
      submit(call, false).then((job) => {
        noteAccepted(call, job);
        return `{"id":"${job.id}","status":"${job.status}"}`;
      }),
  },
  {
    methods: ['POST'],
    path: '/v2/:endpoint/runsync',
    doc: runpodDocs.runsync,
    limitedAs: 'runsync',
    scopes: ['client'],
    bodyLimitBytes: RUNSYNC_BODY_LIMIT_BYTES,
    async handle(call) {
      const { queue, waiters } = call.parts;
      const waitMs = waitOf(call, WAIT_LIMITS.runsync);
      const submitted = await submit(call, true);
      call.dropBody();
      noteAccepted(call, submitted);
      const job = await waitUntilFinal(queue, waiters, submitted.id, { waitMs, signal: call.hangUp });
      return jobReply(call, job ?? submitted, await call.parts.waitReason(job ?? submitted));
    },
  },
];

/** Throws where it can't be accepted; resolves when it is on disk. */
function submit(call: Call, isSync: boolean): Promise<Job> {
  const endpoint = endpointOf(call);
  refuseIfStopping(call.parts);
  const { queue, signatures } = call.parts;
  const submission = parseSubmit(call.body, endpoint, isSync, submitterOf(call.caller));
  const { token } = call.caller;
  return token ? submitOfPage(call, token, submission) : (signatures ?? queue).submit(submission);
}

function noteAccepted(call: Call, { id: jobId, endpoint }: Job): void {
  call.log.debug({ jobId, endpoint }, 'accepted a job');
}
