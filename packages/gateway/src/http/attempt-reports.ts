import { finished } from 'node:stream/promises';
import { ArtifactError } from '@spillway/artifacts';
import { type JobDoneBody, jobDoneSchema } from '@spillway/protocol';
import { GatewayError } from '../errors.ts';
import type { ErrorReport, Reporter } from '../jobs/job-machine.ts';
import { LONGEST_IN_ROW_CHARS, type ValueSource } from '../jobs/large-values/large-values.ts';
import { longProgress } from '../jobs/queue.ts';
import type { SpoolFile } from '../lib/spool.ts';
import { type LargeReport, readLargeReport, withSpoolFile } from './large-report.ts';
import type { Call } from './route.ts';
import { identifyWorker } from './worker-caller.ts';
import { readReport } from './worker-report.ts';

/**
 * What workers say of the attempts that they run: results, errors, progress, chunks of streams. Small ones are read into
 * memory; the output of a large one goes into a file as it comes, and from there to where artifacts are.
 */
const MB = 1_000_000;
const MIB = 1024 * 1024;
/** Results come back inline up to 100 MB; anything over the limit would be lost with the worker's 4xx. */
export const RESULT_LIMIT_BYTES = 100 * MB;
export const CHUNK_LIMIT_BYTES = 128 * MIB;
const AS_ARTIFACT =
  "put large results in as an artifact (context.artifacts.upload, or POST /v1/artifacts with the worker's key) and return its id or URL";
/** The answer to a report, as JSON. */
const NOTED = '{}';

/** Promises are chained by hand, since each job of each worker comes through. */
export function jobDone(call: Call): Promise<string> | string {
  const by = reporterOf(call);
  const read = readReport(call.body);
  if ('problem' in read) return read.isProgress ? NOTED : unreadable(call, by, read.problem);
  const { slices, value } = read;
  const report = isOutputOnly(value) ? OUTPUT_ONLY : jobDoneSchema.parse(value);
  const output = slices.get('output');
  if (report.status === 'IN_PROGRESS') return call.parts.queue.progress(by, output ?? 'null').then(noted);
  return end(call, by, report, 'error' in value, output);
}

function end(
  { parts: { queue, stops, fleet } }: Call,
  by: Reporter,
  report: JobDoneBody,
  isError: boolean,
  output: string | undefined,
): Promise<string> {
  stops.obeyed(by.workerId, by.wireId);
  const ended = isError ? queue.fail(by, errorReport(report, output)) : queue.complete(by, output);
  if (!report.stopPod) return ended.then(noted);
  return ended.then(() => {
    fleet.refreshWorker(by.workerId);
    return NOTED;
  });
}

const noted = () => NOTED;

export async function largeJobDone(call: Call): Promise<object | string> {
  const by = reporterOf(call);
  return spooled(call, RESULT_LIMIT_BYTES, async (read) => {
    if (read.type === 'too-large') return resultTooLarge(call);
    if (read.type === 'unreadable') return read.isProgress ? NOTED : unreadable(call, by, read.problem);
    const { value, output: file } = read;
    const { queue } = call.parts;
    const report = jobDoneSchema.parse(value);
    const isError = 'error' in value;
    const output = await shortText(file);
    if (report.status === 'IN_PROGRESS')
      return queue.progress(by, output ?? (file ? longProgress(file.sizeBytes) : 'null')).then(noted);
    if (!file || output !== undefined) return end(call, by, report, isError, output);
    return queue.keepOutput(by, sourceOf(file), (kept, problem) => {
      // An error says more than that its output found no room.
      if (!problem || isError) return end(call, by, report, isError, kept);
      call.parts.stops.obeyed(by.workerId, by.wireId);
      return queue.fail(by, problem).then(noted);
    });
  });
}

export async function jobStream(call: Call): Promise<object | string> {
  const by = reporterOf(call);
  const report = readReport(call.body);
  if ('problem' in report) return unreadable(call, by, report.problem);
  await call.parts.queue.appendChunk(by, report.slices.get('output') ?? 'null', numberOf(call));
  return {};
}

export async function largeJobStream(call: Call): Promise<object | string> {
  const by = reporterOf(call);
  return spooled(call, CHUNK_LIMIT_BYTES, async (read) => {
    if (read.type === 'too-large') return chunkTooLarge();
    if (read.type === 'unreadable') return unreadable(call, by, read.problem);
    const { output: file } = read;
    const chunk = (await shortText(file)) ?? (file ? sourceOf(file) : 'null');
    await call.parts.queue.appendChunk(by, chunk, numberOf(call));
    return {};
  });
}

export function chunkTooLarge(): never {
  const most = `bad request: body: exceeded max body size of ${CHUNK_LIMIT_BYTES / MIB}MiB`;
  throw new GatewayError('BODY_TOO_LARGE', `${most}; ${AS_ARTIFACT}`);
}

/** A chunk's place in its attempt's stream, where its worker says it. */
function numberOf({ query }: Call): number | undefined {
  const number = query.chunk === undefined ? Number.NaN : Number(query.chunk);
  return Number.isInteger(number) && number >= 0 ? number : undefined;
}

async function spooled<T>(
  { parts, reply: { request } }: Call,
  limitBytes: number,
  use: (report: LargeReport) => Promise<T>,
): Promise<T> {
  if (!parts.spool) throw new Error('large reports are gathered nowhere');
  return withSpoolFile(parts.spool, async (file) => {
    // The connection is still needed for the answer.
    const body = request.iterator({ destroyOnReturn: false });
    const report = await readLargeReport(body, file, limitBytes).catch((error: unknown) => {
      throw whyNotRead(error);
    });
    if (report.type !== 'read') request.resume();
    // A worker listens only once it has sent all; of what is too large that may be never.
    if (report.type === 'unreadable') await finished(request).catch(() => undefined);
    return use(report);
  });
}

function whyNotRead(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET')
    return new GatewayError('INPUT_INVALID', `bad request: the body broke off: ${message}`);
  const text = `a large report could not be gathered on the gateway's disk (${message}); send it again`;
  return code === undefined ? error : new ArtifactError('STORAGE_UNAVAILABLE', text, { cause: error });
}

const sourceOf = (file: SpoolFile): ValueSource => ({ sizeBytes: file.sizeBytes, open: () => file.read() });

/** Of what fits a row; undefined for the rest. */
async function shortText(file: SpoolFile | undefined): Promise<string | undefined> {
  if (!file || file.sizeBytes > LONGEST_IN_ROW_CHARS) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

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
export async function resultTooLarge(call: Call): Promise<object> {
  const by = reporterOf(call);
  call.parts.stops.obeyed(by.workerId, by.wireId);
  const error = `the result is larger than ${RESULT_LIMIT_BYTES / MB} MB; ${AS_ARTIFACT}`;
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

function reporterOf(call: Call): Reporter {
  const workerId = identifyWorker(call);
  const attempt = Number(call.query.attempt);
  const isKnown = Number.isInteger(attempt) && attempt > 0;
  return { workerId, wireId: call.params.id ?? '', attempt: isKnown ? attempt : undefined };
}
