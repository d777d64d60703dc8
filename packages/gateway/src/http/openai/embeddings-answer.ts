import type { Job } from '../../jobs/job.ts';
import { waitUntilFinal } from '../../jobs/job-waiters.ts';
import { joinJsonObject, readJsonObject, sliceJsonArray } from '../../lib/json-slices.ts';
import { submitterOf } from '../auth.ts';
import type { Call } from '../route.ts';
import type { EmbeddingsCall, EmbeddingsPart } from './embeddings-request.ts';
import { noAnswerInTime, sendError, shuttingDown, whyNothing, withResult } from './openai-answer.ts';
import { type OpenAiError, openAiErrorOf } from './openai-error.ts';

interface PartJob extends EmbeddingsPart {
  readonly job: Job;
  /** Place of its first item. */
  readonly offset: number;
}

/** Waits for all parts and answers with them as one; where one has no answer there is none, and the others are ended. */
export async function answerEmbeddings(call: Call, { parts, waitMs }: EmbeddingsCall): Promise<void> {
  const jobs = await submitAll(call, parts);
  const [first] = jobs;
  if (!first) return;
  const waitUntil = call.parts.clock.now() + waitMs;
  const failing = new AbortController();
  const signal = AbortSignal.any([call.signal, failing.signal]);
  let failure: { readonly part: PartJob; readonly error: OpenAiError } | undefined;
  const fail = (part: PartJob, error: OpenAiError) => {
    failure ??= { part, error };
    failing.abort();
  };
  const answers = await Promise.all(
    jobs.map(async (part): Promise<PartAnswer | undefined> => {
      const { queue, waiters } = call.parts;
      const final = await waitUntilFinal(queue, waiters, part.job.id, { waitMs, signal });
      if (final?.finishedAt === undefined) {
        if (!signal.aborted) fail(part, await whyNoEnd(call, part.job, waitUntil));
        return undefined;
      }
      const answer = await queue.withWhole(final, ['output'], (whole) =>
        withResult(call, whole, (result) => readAnswer(result, part)),
      );
      if ('message' in answer) fail(part, answer);
      return 'message' in answer ? undefined : answer;
    }),
  );
  if (failure === undefined && !call.signal.aborted) {
    const whole = mergeAnswers(answers.filter((answer) => answer !== undefined));
    return send(call, first.job, whole);
  }
  // Nobody asks for the others any more.
  await Promise.all(jobs.map(({ job }) => call.parts.queue.cancel(job.id)));
  if (failure && !call.signal.aborted) await sendError(call, failure.part.job, failure.error);
}

async function whyNoEnd(call: Call, job: Job, waitUntil: number): Promise<OpenAiError> {
  return whyNothing(call, waitUntil) === 'stopping' ? shuttingDown() : noAnswerInTime(call, job);
}

/** All or none. */
async function submitAll(call: Call, parts: readonly EmbeddingsPart[]): Promise<readonly PartJob[]> {
  const { queue } = call.parts;
  const keyId = submitterOf(call.caller);
  const submits = await Promise.allSettled(
    parts.map(({ submission }) => queue.submit({ ...submission, keyId })),
  );
  const failed = submits.find((one) => one.status === 'rejected');
  const jobs = submits.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (failed) {
    await Promise.allSettled(jobs.map(({ id }) => queue.cancel(id)));
    throw failed.reason;
  }
  let offset = 0;
  return parts.flatMap((part, at) => {
    const job = jobs[at];
    const start = offset;
    offset += part.size;
    return job ? [{ ...part, job, offset: start }] : [];
  });
}

/** What a worker said, its values as the text that arrived. */
interface PartAnswer {
  /** Entries of `data`, counted over the whole call. */
  readonly entries: readonly string[];
  readonly model: string;
  readonly promptTokens: number;
  readonly totalTokens: number;
}

function readAnswer(result: string | OpenAiError, { offset, size }: PartJob): PartAnswer | OpenAiError {
  if (typeof result !== 'string') return { ...result, message: countOn(result.message, offset) };
  try {
    const { slices, value } = readJsonObject(result);
    const entries = sliceJsonArray(slices.get('data') ?? '').map((entry, at) => {
      const fields = readJsonObject(entry).slices;
      return joinJsonObject([...fields.set('index', String(offset + at))]);
    });
    if (entries.length === size) {
      const usage = Object(value.usage) as Record<string, unknown>;
      return {
        entries,
        model: slices.get('model') ?? '""',
        promptTokens: Number(usage.prompt_tokens ?? 0),
        totalTokens: Number(usage.total_tokens ?? 0),
      };
    }
  } catch {
    // Said below.
  }
  const message = `the worker did not answer with ${size} embeddings: does it serve OpenAI’s embeddings?`;
  return openAiErrorOf(502, 'BAD_ANSWER', message, false);
}

/** A worker names items as it got them, by their place in one job. */
function countOn(message: string, offset: number): string {
  return message.replace(
    /^(input[.[])(\d+)/,
    (_, field: string, place: string) => `${field}${Number(place) + offset}`,
  );
}

function mergeAnswers(answers: readonly PartAnswer[]): string {
  const sum = (of: (answer: PartAnswer) => number) => answers.reduce((total, one) => total + of(one), 0);
  const usage = {
    prompt_tokens: sum((one) => one.promptTokens),
    total_tokens: sum((one) => one.totalTokens),
  };
  return joinJsonObject([
    ['object', '"list"'],
    ['data', `[${answers.flatMap(({ entries }) => entries).join(',')}]`],
    ['model', answers[0]?.model],
    ['usage', JSON.stringify(usage)],
  ]);
}

/** The first job's id names the request: OpenAI's clients show it. */
async function send({ reply }: Call, { id }: Job, text: string): Promise<void> {
  await reply.header('x-request-id', id).type('application/json; charset=utf-8').send(text);
}
