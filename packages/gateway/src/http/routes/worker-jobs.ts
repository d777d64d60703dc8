import { type JobDoneBody, jobDoneSchema } from '@spillway/protocol';
import { CLOSED_HOLD_MS } from '../../jobs/dispatcher.ts';
import type { Job } from '../../jobs/job.ts';
import type { ErrorReport, Reporter } from '../../jobs/job-machine.ts';
import { isReference } from '../../jobs/large-values/value-reference.ts';
import { sendTaken, withReadableInputs } from '../large-inputs.ts';
import { workerProtocolDocs } from '../openapi/runpod-docs.ts';
import { type Call, endpointOf, type Route } from '../route.ts';
import { afterInput, beforeInput } from '../taken-job.ts';
import { identifyWorker } from '../worker-caller.ts';
import { readReport } from '../worker-report.ts';

const MB = 1_000_000;
const MIB = 1024 * 1024;
/** Results come back inline up to 100 MB; anything over the limit would be lost with the worker's 4xx. */
const RESULT_LIMIT_BYTES = 100 * MB;
const CHUNK_LIMIT_BYTES = 128 * MIB;
const LARGEST_BATCH = 256;
/** The answer to a report, as JSON. */
const NOTED = '{}';

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
      take(call, 1).then(
        ([job]) => job && (isReference(job.input) ? sendTaken(call, [job]) : takenJob(call, job)),
      ),
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/job-take-batch/:worker',
    doc: workerProtocolDocs.takeBatch,
    scopes: ['worker'],
    async handle(call) {
      const asked = Number(call.query.batch_size ?? 1);
      const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, LARGEST_BATCH) : 1;
      const jobs = await take(call, size);
      if (jobs.length === 0) return undefined;
      return jobs.some(({ input }) => isReference(input))
        ? sendTaken(call, jobs, 'list')
        : `[${jobs.map((job) => takenJob(call, job)).join(',')}]`;
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
    onBodyTooLarge: resultTooLarge,
  },
  {
    methods: ['POST'],
    path: '/v2/:endpoint/job-stream/:worker/:id',
    doc: workerProtocolDocs.stream,
    scopes: ['worker'],
    bodyLimitBytes: CHUNK_LIMIT_BYTES,
    async handle(call) {
      const by = reporterOf(call);
      const report = readReport(call.body);
      if ('problem' in report) return unreadable(call, by, report.problem);
      const number = call.query.chunk === undefined ? Number.NaN : Number(call.query.chunk);
      const known = Number.isInteger(number) && number >= 0 ? number : undefined;
      await call.parts.queue.appendChunk(by, report.slices.get('output') ?? 'null', known);
      return {};
    },
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/ping/:worker',
    doc: workerProtocolDocs.ping,
    scopes: ['worker'],
    handle: ping,
  },
];

/** Promises are chained by hand here and in `jobDone`, since each job of each worker comes through. */
function take(call: Call, max: number): Promise<readonly Job[]> {
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
          onlyIfThere(call, workerId, readable),
        );
      return onlyIfThere(call, workerId, jobs);
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

function jobDone(call: Call): Promise<string> | string {
  const { queue, stops, fleet } = call.parts;
  const by = reporterOf(call);
  const read = readReport(call.body);
  if ('problem' in read) return read.isProgress ? NOTED : unreadable(call, by, read.problem);
  const { slices, value } = read;
  const report = isOutputOnly(value) ? OUTPUT_ONLY : jobDoneSchema.parse(value);
  const output = slices.get('output');
  if (report.status === 'IN_PROGRESS') return queue.progress(by, output ?? 'null').then(noted);
  stops.obeyed(by.workerId, by.wireId);
  const ended = 'error' in value ? queue.fail(by, errorReport(report, output)) : queue.complete(by, output);
  if (!report.stopPod) return ended.then(noted);
  return ended.then(() => {
    fleet.refreshWorker(by.workerId);
    return NOTED;
  });
}

const noted = () => NOTED;

/** RunPod answers such a report 400, delivers the job again and calls that a time-out. */
async function unreadable({ parts }: Call, by: Reporter, problem: string): Promise<string> {
  const error = `the worker’s report could not be read: ${problem}`;
  parts.stops.obeyed(by.workerId, by.wireId);
  await parts.queue.fail(by, { error, failureType: 'OUTPUT_INVALID', isRetryable: false });
  return NOTED;
}

const OUTPUT_ONLY: JobDoneBody = {};

/** Nearly always so, and then the schema has nothing to find. */
function isOutputOnly(value: Record<string, unknown>): boolean {
  for (const key in value) if (key !== 'output') return false;
  return true;
}

/** RunPod loses such a result and calls the job completed; here it fails and says how to return as much. */
async function resultTooLarge(call: Call): Promise<object> {
  const by = reporterOf(call);
  call.parts.stops.obeyed(by.workerId, by.wireId);
  const error = `the result is larger than ${RESULT_LIMIT_BYTES / MB} MB; put large results in as an artifact (context.artifacts.upload, or POST /v1/artifacts with the worker's key) and return its id or URL`;
  await call.parts.queue.fail(by, { error, failureType: 'OUTPUT_INVALID', isRetryable: false });
  return {};
}

/** RunPod swallows an error that is no string; here it is shown as JSON. */
function errorReport({ error, failure }: JobDoneBody, output: string | undefined): ErrorReport {
  return {
    error: typeof error === 'string' ? error : JSON.stringify(error),
    ...(output === undefined ? {} : { output }),
    ...(failure ? { failureType: failure.type } : {}),
    ...(failure?.isRetryable === undefined ? {} : { isRetryable: failure.isRetryable }),
  };
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

function reporterOf(call: Call): Reporter {
  const workerId = identifyWorker(call);
  const attempt = Number(call.query.attempt);
  const isKnown = Number.isInteger(attempt) && attempt > 0;
  return { workerId, wireId: call.params.id ?? '', attempt: isKnown ? attempt : undefined };
}
