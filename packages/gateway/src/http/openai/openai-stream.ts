import type { Job } from '../../jobs/job.ts';
import { isReference } from '../../jobs/large-values/value-reference.ts';
import type { Call } from '../route.ts';
import { createEventWriter, type EventWriter } from './event-writer.ts';
import { createChunkReader } from './job-chunks.ts';
import {
  answersOf,
  errorIn,
  errorOf,
  jobHeaders,
  noAnswerInTime,
  nothingYielded,
  sendError,
  shuttingDown,
  whyNothing,
} from './openai-answer.ts';
import { type OpenAiError, openAiErrorBody, openAiErrorOf } from './openai-error.ts';
import type { OpenAiRequest } from './openai-request.ts';
import { createSseText, KEEP_ALIVE, type SseText } from './sse.ts';

/** Proxies cut connections that are silent for a minute. */
const KEEP_ALIVE_MS = 15_000;

/** The answer of a call that streams: the worker's chunks as they come, each going out before the next is looked for. */
export async function answerStream(call: Call, job: Job, { waitMs }: OpenAiRequest): Promise<void> {
  const stream: OpenStream = {
    call,
    job,
    sse: createSseText(),
    out: createEventWriter(call, jobHeaders(job)),
  };
  try {
    await pass(stream, call.parts.clock.now() + waitMs);
  } catch (error) {
    if (!stream.out.isOpen()) throw error;
    // The status is out, so the error handler can say nothing any more.
    call.log.error({ err: error }, 'a streaming answer broke off');
    await fail(stream, openAiErrorOf(500, 'INTERNAL', 'the gateway failed; the reason is in its log'));
  }
}

async function pass(stream: OpenStream, firstUntil: number): Promise<void> {
  const { call, job, out } = stream;
  const { queue, waiters, clock } = call.parts;
  const reader = createChunkReader(queue, job.id);
  for (;;) {
    const waitUntil = out.isOpen() ? clock.now() + KEEP_ALIVE_MS : firstUntil;
    const options = { waitMs: Math.max(0, waitUntil - clock.now()), signal: call.signal };
    const news = await waiters.until(job.id, reader.look, options);
    if (news === undefined) {
      if (await isOver(stream, waitUntil)) return;
    } else if (news.type === 'chunks') {
      if (await isRefused(stream, news.chunks)) return;
    } else if (news.type === 'ended') {
      return finish(stream, news.job);
    } else {
      await queue.cancel(job.id);
      const message = 'the worker was lost in the middle of its answer; send the request again';
      return fail(stream, openAiErrorOf(502, 'WORKER_CRASHED', message));
    }
  }
}

interface OpenStream {
  readonly call: Call;
  readonly job: Job;
  readonly sse: SseText;
  readonly out: EventWriter;
}

/** Writes chunks. True when the first one is an error, which is the whole answer then; the job ends by itself. */
async function isRefused(stream: OpenStream, chunks: readonly string[]): Promise<boolean> {
  const { out, sse, call } = stream;
  const [first] = chunks;
  if (!out.isOpen() && first !== undefined) {
    const error = await call.parts.queue.withWholeTexts([first], ([whole = '']) => errorIn(whole));
    if (error) {
      await fail(stream, error);
      return true;
    }
  }
  if (!chunks.some(isReference)) await out.write(chunks.map(sse.chunk).join(''));
  // One at a time in memory.
  else
    for (const chunk of chunks)
      await call.parts.queue.withWholeTexts([chunk], ([whole = '']) => out.write(sse.chunk(whole)));
  return false;
}

/** Nothing came for the length of the wait. False when the stream goes on. */
async function isOver(stream: OpenStream, waitUntil: number): Promise<boolean> {
  const { call, job, out, sse } = stream;
  const why = whyNothing(call, waitUntil);
  if (why === 'silence' && out.isOpen()) {
    if (sse.isBetweenEvents()) await out.write(KEEP_ALIVE);
    return false;
  }
  const error = why === 'silence' ? await noAnswerInTime(call, job) : shuttingDown();
  await call.parts.queue.cancel(job.id);
  if (why !== 'gone') await fail(stream, error);
  return true;
}

async function finish(stream: OpenStream, job: Job): Promise<void> {
  const { call, out, sse } = stream;
  if (job.status !== 'COMPLETED') return fail(stream, await errorOf(call, job));
  if (!out.isOpen()) {
    // A handler that doesn't stream, though it was asked to.
    const isOver = await call.parts.queue.withWhole(job, ['output'], async (whole) => {
      const answers = await answersOf(call, whole);
      if (answers.length > 0) return isRefused(stream, answers);
      await fail(stream, nothingYielded());
      return true;
    });
    if (isOver) return;
  }
  await out.write(sse.end());
  if (!out.isOpen()) return fail(stream, nothingYielded());
  out.end();
}

async function fail({ call, job, out, sse }: OpenStream, error: OpenAiError): Promise<void> {
  if (!out.isOpen()) return sendError(call, job, error);
  await out.write(sse.error(openAiErrorBody(error)));
  out.end();
}
