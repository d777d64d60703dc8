import { createHash } from 'node:crypto';
import { RUNSYNC_BODY_LIMIT_BYTES } from '@spillway/protocol';
import {
  JOB_LIMITS,
  type JobSubmit,
  type JobSubmitted,
  jobDetailQuerySchema,
  jobSubmitSchema,
} from '@spillway/protocol/v1';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { GatewayError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import type { Submission } from '../../jobs/queue.ts';
import { joinJsonObject } from '../../lib/json-slices.ts';
import { submitterOf } from '../auth.ts';
import { jobListQuerySchema, listVisible, withoutAbsent } from '../job-filter.ts';
import { refuseLoadBalanced } from '../load-balanced.ts';
import { jobDetail, jobView, nativeJob } from '../native-job.ts';
import { jobDocs } from '../openapi/native-docs.ts';
import { checkQuery, checkValue } from '../parse-body.ts';
import { parseObject } from '../parse-submit.ts';
import { type Call, endpointNamed, type Route, refuseIfStopping } from '../route.ts';

/** Jobs as `/v1` takes, lists and shows them. */
export const jobRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v1/jobs',
    doc: jobDocs.submit,
    limitedAs: 'run',
    scopes: ['client'],
    bodyLimitBytes: RUNSYNC_BODY_LIMIT_BYTES,
    handle: submitJob,
  },
  {
    methods: ['GET'],
    path: '/v1/jobs',
    doc: jobDocs.list,
    scopes: ['client', 'viewer'],
    async handle(call) {
      const { limit, ...filter } = checkQuery(jobListQuerySchema, call.query);
      const page = await listVisible(call, { ...withoutAbsent(filter), limit });
      return {
        jobs: await Promise.all(page.jobs.map((job) => jobView(call, job, 'brief'))),
        ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      };
    },
  },
  {
    methods: ['GET'],
    path: '/v1/jobs/:id',
    doc: jobDocs.show,
    limitedAs: 'status',
    scopes: ['client', 'viewer', 'upload'],
    async handle(call) {
      const { values } = checkQuery(jobDetailQuerySchema, call.query);
      return jobDetail(call, await nativeJob(call), values);
    },
  },
];

/** What stays in a submit's `extras`, which travel to the worker. */
const TRAVELS = ['webhook', 's3Config'];

async function submitJob(call: Call): Promise<JobSubmitted> {
  refuseIfStopping(call.parts);
  const key = idempotencyKeyOf(call);
  const { slices, value } = parseObject(call.body);
  const body = checkValue(jobSubmitSchema, value);
  const endpoint = endpointNamed(call, body.endpoint);
  refuseLoadBalanced(endpoint);
  const submission = { ...submissionOf(body, slices, endpoint), keyId: submitterOf(call.caller) };
  const { queue, clock, signatures } = call.parts;
  const taker = signatures ?? queue;
  if (key === undefined) {
    const job = await taker.submit(submission);
    return submitted(call, job, body.endpoint);
  }
  const bare = signatures?.bareInput(endpoint.name, submission.input);
  const fingerprint = fingerprintOf(bare === undefined ? slices : new Map(slices).set('input', bare));
  // Keys of two callers are two keys, though they may look the same.
  const scoped = `${call.caller.keyId ?? ''}/${key}`;
  const result = await taker.submitOnce(submission, { key: scoped, fingerprint });
  if (result.type === 'conflict') {
    throw new GatewayError(
      'IDEMPOTENCY_CONFLICT',
      `Idempotency-Key: this key was used for another submit to ${body.endpoint} (job ${result.jobId}); use a fresh key for other content`,
    );
  }
  if (result.type === 'repeated') call.reply.header('idempotency-replayed', 'true');
  const job = await queue.get(result.jobId);
  const known = job ?? { id: result.jobId, createdAt: clock.now(), attempt: 0, status: 'IN_QUEUE' as const };
  return submitted(call, known, body.endpoint);
}

type Known = Pick<Job, 'id' | 'createdAt' | 'attempt' | 'status'>;

/** A repeated submit is answered as the first one was, whatever has become of its job since. */
function submitted(call: Call, { id, createdAt, attempt, status }: Known, endpoint: string): JobSubmitted {
  call.log.debug({ jobId: id, endpoint }, 'accepted a job');
  call.reply.code(201).header('location', `/v1/jobs/${encodeURIComponent(id)}`);
  const isRefused = status === 'FAILED' && attempt === 0;
  return { id, endpoint, status: isRefused ? 'FAILED' : 'IN_QUEUE', createdAt };
}

function submissionOf(body: JobSubmit, slices: ReadonlyMap<string, string>, endpoint: Endpoint): Submission {
  const { policy, webhook, priority, delayMs, tags } = body;
  const extras = TRAVELS.flatMap((name) => {
    const slice = slices.get(name);
    return slice === undefined ? [] : [[name, slice] as const];
  });
  return {
    endpoint: endpoint.name,
    input: slices.get('input') ?? '{}',
    ...(extras.length > 0 ? { extras: joinJsonObject(extras) } : {}),
    ...(webhook === undefined ? {} : { webhook }),
    ...(priority === undefined ? {} : { priority }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags)] }),
    isLowPriority: policy?.lowPriority ?? false,
    executionTimeoutMs: policy?.executionTimeout ?? endpoint.executionTimeoutMs,
    ttlMs: policy?.ttl ?? endpoint.ttlMs,
    limits: endpoint.retries,
    isSync: false,
  };
}

function idempotencyKeyOf(call: Call): string | undefined {
  const header = call.reply.request.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = String(header);
  const { idempotencyKeyLength } = JOB_LIMITS;
  if (key === '' || key.length > idempotencyKeyLength) {
    throw new GatewayError(
      'INPUT_INVALID',
      `Idempotency-Key: expected 1 to ${idempotencyKeyLength} characters, got ${key.length}`,
    );
  }
  return key;
}

/** The same values in another order of keys are the same submit. */
function fingerprintOf(slices: ReadonlyMap<string, string>): string {
  const sorted = [...slices].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(joinJsonObject(sorted)).digest('hex');
}
