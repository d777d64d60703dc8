import { CLOSED_HOLD_MS } from '../../jobs/dispatcher.ts';
import type { Job } from '../../jobs/job.ts';
import { isReference } from '../../jobs/large-values/value-reference.ts';
import {
  CHUNK_LIMIT_BYTES,
  chunkTooLarge,
  jobDone,
  jobStream,
  largeJobDone,
  largeJobStream,
  RESULT_LIMIT_BYTES,
  resultTooLarge,
} from '../attempt-reports.ts';
import { sendTaken, withReadableInputs } from '../large-inputs.ts';
import { workerProtocolDocs } from '../openapi/runpod-docs.ts';
import { type Answer, type Call, endpointOf, type Route } from '../route.ts';
import { afterInput, beforeInput } from '../taken-job.ts';
import { identifyWorker } from '../worker-caller.ts';

const LARGEST_BATCH = 256;

/**
 * The worker side of RunPod's protocol. Workers send JSON under a form content type, retry only on 5xx, and lose their
 * result on any 4xx: so late, repeated and unknown reports are answered 200 and change nothing.
 */
export const workerJobRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v2/:endpoint/job-take/:worker',
    doc: workerProtocolDocs.take,
    scopes: ['worker'],
    handle: (call) =>
      take(
        call,
        1,
        ([job]) => job && (isReference(job.input) ? sendTaken(call, [job]) : takenJob(call, job)),
      ),
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/job-take-batch/:worker',
    doc: workerProtocolDocs.takeBatch,
    scopes: ['worker'],
    handle(call) {
      const asked = Number(call.query.batch_size ?? 1);
      const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, LARGEST_BATCH) : 1;
      return take(call, size, (jobs) => {
        if (jobs.length === 0) return undefined;
        return jobs.some(({ input }) => isReference(input))
          ? sendTaken(call, jobs, 'list')
          : `[${jobs.map((job) => takenJob(call, job)).join(',')}]`;
      });
    },
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/job-stop/:worker',
    doc: workerProtocolDocs.stop,
    scopes: ['worker'],
    async handle(call) {
      const { stops, dispatcher, fleet, workerHoldMs } = call.parts;
      const workerId = identifyWorker(call);
      const holdMs = dispatcher.isClosed(workerId) ? CLOSED_HOLD_MS : workerHoldMs;
      const release = fleet.pool.hold(workerId);
      const jobsToStop = await stops.poll(workerId, holdMs, call.hangUp).finally(release);
      return jobsToStop.length === 0 ? undefined : { jobsToStop };
    },
  },
  {
    methods: ['POST'],
    path: '/v2/:endpoint/job-done/:worker/:id',
    doc: workerProtocolDocs.done,
    scopes: ['worker'],
    bodyLimitBytes: RESULT_LIMIT_BYTES,
    handle: jobDone,
    handleLarge: largeJobDone,
    onBodyTooLarge: resultTooLarge,
  },
  {
    methods: ['POST'],
    path: '/v2/:endpoint/job-stream/:worker/:id',
    doc: workerProtocolDocs.stream,
    scopes: ['worker'],
    bodyLimitBytes: CHUNK_LIMIT_BYTES,
    handle: jobStream,
    handleLarge: largeJobStream,
    onBodyTooLarge: chunkTooLarge,
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/ping/:worker',
    doc: workerProtocolDocs.ping,
    scopes: ['worker'],
    handle: ping,
  },
];

type TakeAnswer = Answer | Promise<Answer>;

/** `answerOf`: what the worker is answered with its jobs. Few promises, chained by hand: each job of each worker comes through. */
function take(call: Call, max: number, answerOf: (jobs: readonly Job[]) => TakeAnswer): Promise<Answer> {
  const endpoint = endpointOf(call);
  const workerId = identifyWorker(call);
  const { dispatcher, fleet, stops, leaseMs, workerHoldMs } = call.parts;
  fleet.noteTake(workerId);
  // A worker with free hands no longer runs what it was told to stop.
  if (call.query.job_in_progress === '0') {
    stops.freeHands(workerId);
    fleet.pool.freeHands(workerId);
  } else stops.asks(workerId);
  const options = {
    endpoint: endpoint.name,
    workerId,
    max,
    leaseMs,
    holdMs: workerHoldMs,
    hangUp: call.hangUp,
  };
  const release = fleet.pool.hold(workerId);
  return dispatcher.take(options).then(
    (jobs) => {
      release();
      if (jobs.some(({ input }) => isReference(input)))
        return withReadableInputs(call, workerId, jobs).then((readable) =>
          answerOf(onlyIfThere(call, workerId, readable)),
        );
      return answerOf(onlyIfThere(call, workerId, jobs));
    },
    (error: unknown) => {
      release();
      throw error;
    },
  );
}

/**
 * The last look: from here to the answer nothing else gets a turn. Where nobody is there for it, the jobs go to somebody
 * else, and no attempt is counted. Where that can't be written, the lease ends by itself.
 */
function onlyIfThere(
  { reply, parts: { queue } }: Call,
  workerId: string,
  jobs: readonly Job[],
): readonly Job[] {
  if (reply.raw.destroyed)
    for (const job of jobs)
      void queue
        .handBackJob(workerId, job.id, 'the worker hung up before it got the job')
        .catch(() => undefined);
  return jobs;
}

/** What the worker runs. */
function takenJob({ parts: { signatures } }: Call, job: Job): string {
  const input = signatures === undefined ? job.input : signatures.forAttempt(job);
  return beforeInput(job) + input + afterInput(job);
}

async function ping(call: Call): Promise<object> {
  const { queue, stops, strays, fleet } = call.parts;
  const workerId = identifyWorker(call);
  if (call.query.status === 'unhealthy') {
    fleet.noteUnhealthy(
      workerId,
      `${call.query.check ?? 'fitness check'}: ${call.query.reason ?? 'no reason given'}`,
    );
    return {};
  }
  const named = new Set((call.query.job_id ?? '').split(',').filter((id) => id !== ''));
  stops.stillRuns(workerId, named);
  await strays.noteHeartbeat({ workerId, endpoint: endpointOf(call).name, wireIds: named });
  if (call.query.stopping !== '1') {
    await queue.heartbeat(workerId, named);
    return {};
  }
  await queue.farewell(workerId, named);
  if (named.size === 0) fleet.pool.goodbye(workerId);
  return {};
}
