import { RUN_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { type FollowUpState, followUpSchema } from '@spillway/protocol/v1';
import { GatewayError } from '../../errors.ts';
import { findJob } from '../find-job.ts';
import { workerFileDocs } from '../openapi/worker-file-docs.ts';
import { checkValue } from '../parse-body.ts';
import { parseObject } from '../parse-submit.ts';
import { type Call, endpointOf, type Route, refuseIfStopping } from '../route.ts';
import { identifyWorker } from '../worker-caller.ts';

const JOBS = '/v1/endpoints/:endpoint/workers/:worker/jobs';

/**
 * Jobs with which a worker goes on after the one that it runs: work that outlives its answer. They go to its own endpoint
 * and belong to whom the first one belongs.
 */
export const followUpRoutes: readonly Route[] = [
  {
    ...{ methods: ['POST'], path: JOBS, doc: workerFileDocs.followUp, scopes: ['worker'] },
    ...{ bodyLimitBytes: RUN_BODY_LIMIT_BYTES, handle: submit },
  },
  {
    ...{ methods: ['GET'], path: `${JOBS}/:id`, doc: workerFileDocs.followUpState, scopes: ['worker'] },
    async handle(call) {
      identifyWorker(call);
      return stateOf(await findJob(call));
    },
  },
  {
    ...{ methods: ['POST'], path: `${JOBS}/:id/cancel`, doc: workerFileDocs.followUpCancel },
    scopes: ['worker'],
    async handle(call) {
      identifyWorker(call);
      const found = await findJob(call);
      const transition = await call.parts.queue.cancel(found.id);
      return stateOf(transition?.after ?? found);
    },
  },
];

const stateOf = ({ id, status, error }: { id: string; status: string; error?: unknown }): FollowUpState => ({
  ...{ id, status },
  ...(typeof error === 'string' ? { error } : {}),
});

async function submit(call: Call): Promise<FollowUpState> {
  const endpoint = endpointOf(call);
  refuseIfStopping(call.parts);
  const workerId = identifyWorker(call);
  const { queue } = call.parts;
  const { slices, value } = parseObject(call.body);
  const { from, executionTimeoutMs, ttlMs } = checkValue(followUpSchema, value);
  const held = queue.held.of(workerId).find(({ wireId }) => wireId === from);
  const first = held && (await queue.get(held.jobId));
  if (!first || first.endpoint !== endpoint.name)
    throw new GatewayError('FORBIDDEN', `from: this worker does not run the job ${from}`);
  const job = await queue.submit({
    endpoint: endpoint.name,
    input: slices.get('input') ?? '{}',
    tags: first.tags,
    keyId: first.keyId,
    isLowPriority: false,
    priority: first.priority,
    executionTimeoutMs: executionTimeoutMs ?? endpoint.executionTimeoutMs,
    ttlMs: ttlMs ?? endpoint.ttlMs,
    limits: endpoint.retries,
    isSync: false,
  });
  call.reply.code(201);
  return stateOf(job);
}
