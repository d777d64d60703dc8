import type { Job } from '../../jobs/job.ts';
import { waitUntilFinal } from '../../jobs/job-waiters.ts';
import { sliceJsonArray } from '../../lib/json-slices.ts';
import type { Call } from '../route.ts';
import {
  type OpenAiError,
  openAiErrorBody,
  openAiErrorOf,
  openAiErrorOfAnswer,
  openAiErrorOfJob,
} from './openai-error.ts';
import type { OpenAiRequest } from './openai-request.ts';

/** An answer above this is no error object, and is not parsed to see whether it is one. */
const LARGEST_ERROR_CHARS = 64 * 1024;

/** Timers may fire a little early; a wait that ends earlier than this was ended by the gateway's stop. */
const EARLY_MS = 5;

/** Clients show it in their errors and responses, so users can look the job up. */
export function jobHeaders(job: Job): Record<string, string> {
  return { 'x-request-id': job.id };
}

/** The answer of a call that doesn't stream: the one object that the worker yielded or returned. */
export async function answerWhole(call: Call, job: Job, { waitMs }: OpenAiRequest): Promise<void> {
  const { queue, waiters, clock } = call.parts;
  const waitUntil = clock.now() + waitMs;
  const final = await waitUntilFinal(queue, waiters, job.id, { waitMs, signal: call.signal });
  if (final?.finishedAt === undefined) return giveUp(call, job, waitUntil);
  await queue.withWhole(final, ['output'], async (whole) => {
    await withResult(call, whole, (result) => {
      if (typeof result !== 'string') return sendError(call, job, result);
      call.reply.headers(jobHeaders(job)).type('application/json; charset=utf-8').send(result);
    });
  });
}

/** The call ends without the job's end; the job ends too, since nobody can ask for its result. */
async function giveUp(call: Call, job: Job, waitUntil: number): Promise<void> {
  const why = whyNothing(call, waitUntil);
  // Before the cancel: it says what the job was waiting for.
  const error = why === 'stopping' ? shuttingDown() : await noAnswerInTime(call, job);
  await call.parts.queue.cancel(job.id);
  if (why !== 'gone') await sendError(call, job, error);
}

/** Why a wait until `waitUntil` ended without news: the client left, the gateway stops, or the time is over. */
export function whyNothing(call: Call, waitUntil: number): 'gone' | 'stopping' | 'silence' {
  const { isStopping, clock } = call.parts;
  if (call.signal.aborted) return 'gone';
  return isStopping() || clock.now() < waitUntil - EARLY_MS ? 'stopping' : 'silence';
}

export function shuttingDown(): OpenAiError {
  return openAiErrorOf(503, 'SHUTTING_DOWN', 'the gateway is shutting down; try again soon');
}

/** Says what a job without an answer was waiting for. */
export async function noAnswerInTime(call: Call, job: Job): Promise<OpenAiError> {
  const now = (await call.parts.queue.get(job.id)) ?? job;
  if (now.status === 'IN_QUEUE') {
    const reason = await call.parts.waitReason(now);
    const why = reason ? `: ${reason.message}` : '';
    return openAiErrorOf(504, 'NO_WORKER_IN_TIME', `no worker took the request in time${why}`);
  }
  // A client that repeats this by itself would start the same long run again.
  const message = 'the worker gave no answer in time; the job was cancelled';
  return openAiErrorOf(504, 'ANSWER_TIMEOUT', message, false);
}

export async function sendError(call: Call, job: Job, error: OpenAiError): Promise<void> {
  const { reply } = call;
  reply.code(error.status).headers(jobHeaders(job));
  if (!error.isWorthRetrying) reply.header('x-should-retry', 'false');
  await reply.type('application/json; charset=utf-8').send(openAiErrorBody(error));
}

/** The answer of a job that has ended, and whose output is whole, as JSON text, or why there is none. */
export async function withResult<T>(
  call: Call,
  job: Job,
  use: (result: string | OpenAiError) => Promise<T> | T,
): Promise<T> {
  if (job.status !== 'COMPLETED') return use(await errorOf(call, job));
  const [first] = await answersOf(call, job);
  if (first === undefined) return use(nothingYielded());
  return call.parts.queue.withWholeTexts([first], ([whole = '']) => use(errorIn(whole) ?? whole));
}

/**
 * What the worker gave in all (`job` has its output whole): the list that a generator leaves, else its chunks, of which
 * large ones are references, else what a handler returned.
 */
export async function answersOf(call: Call, job: Job): Promise<readonly string[]> {
  const output = job.output?.trim() ?? '[]';
  const listed = output.startsWith('[') ? sliceJsonArray(output) : [output];
  return listed.length > 0 ? listed : call.parts.queue.readChunks(job.id, 0);
}

export async function errorOf(call: Call, job: Job): Promise<OpenAiError> {
  const attempts = await call.parts.queue.attempts(job.id);
  return openAiErrorOfJob(job, attempts.at(-1)?.failure?.type);
}

/** The error that an answer or a chunk is, if it is one. */
export function errorIn(json: string): OpenAiError | undefined {
  if (!json.startsWith('{') || json.length > LARGEST_ERROR_CHARS) return undefined;
  return openAiErrorOfAnswer(JSON.parse(json));
}

export function nothingYielded(): OpenAiError {
  const advice = 'a handler for OpenAI calls yields (or returns) the answer as an object';
  return openAiErrorOf(502, 'NO_ANSWER', `the worker ended without an answer: ${advice}`, false);
}
