import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../jobs/job.ts';
import type { ErrorReport } from '../jobs/job-machine.ts';
import { isReference, parseReference } from '../jobs/large-values/value-reference.ts';
import { inputByUrl } from './input-by-url.ts';
import { type AnswerPart, sendParts } from './large-answer.ts';
import { type Call, endpointOf } from './route.ts';
import { afterInput, beforeInput } from './taken-job.ts';
import { identifyWorker } from './worker-caller.ts';

/** Jobs with large inputs on their way to a worker. */

/** Those whose inputs can be read. Throws where none can be for now: its job is in the queue again. */
export async function withReadableInputs(
  { parts: { queue } }: Call,
  workerId: string,
  jobs: readonly Job[],
): Promise<readonly Job[]> {
  const readable: Job[] = [];
  let problem: unknown;
  for (const job of jobs) {
    try {
      const value = parseReference(job.input);
      if (value) await queue.checkValue(value);
      readable.push(job);
    } catch (error) {
      if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') {
        await queue.fail({ workerId, wireId: job.lease?.wireId ?? job.id, attempt: job.attempt }, INPUT_GONE);
        continue;
      }
      await queue.handBackJob(workerId, job.id, 'its input could not be read from the storage');
      problem = error;
    }
  }
  if (readable.length === 0 && problem !== undefined) throw problem;
  return readable;
}

const INPUT_GONE: ErrorReport = {
  error: 'its input is no longer in the storage: somebody else deleted it there; submit the job again',
  failureType: 'ARTIFACT_UNAVAILABLE',
  isRetryable: false,
};

/**
 * Sends the jobs to the worker that took them, their large inputs as they are read. Where it does not get all of them,
 * they go to somebody else.
 */
export async function sendTaken(
  call: Call,
  jobs: readonly Job[],
  form: 'one' | 'list' = 'one',
): Promise<undefined> {
  const { queue, signatures } = call.parts;
  const workerId = identifyWorker(call);
  const handBack = async (reason: string) => {
    for (const { id } of jobs) await queue.handBackJob(workerId, id, reason);
  };
  try {
    const isSigned = jobs[0] !== undefined && signatures?.signs(jobs[0].endpoint) === true;
    const isSent = await (isSigned
      ? // For a signature its input has to be read whole.
        withInputs(call, jobs, (inputs) => sendParts(call, partsOf(jobs, inputs, form)))
      : sendParts(call, partsOf(jobs, await withUrls(call, jobs), form)));
    if (!isSent) await handBack('the worker hung up before it got the job');
  } catch (error) {
    await handBack('its input could not be read from the storage');
    throw error;
  }
  return undefined;
}

/** What goes out as each job's input: a reference where all of it does, as it is read. */
async function withUrls(call: Call, jobs: readonly Job[]): Promise<readonly string[]> {
  if (endpointOf(call).urlFields === undefined) return jobs.map(({ input }) => input);
  const sent: string[] = [];
  // One after the other, so that no more than one is in memory whole.
  for (const job of jobs) {
    const { queue } = call.parts;
    sent.push(
      isReference(job.input)
        ? await queue.withWhole(job, ['input'], async (whole) => (await inputByUrl(call, whole)) ?? job.input)
        : job.input,
    );
  }
  return sent;
}

/** Calls `use` with each input whole, or with URLs in it, under a fresh signature. */
function withInputs<T>(
  call: Call,
  jobs: readonly Job[],
  use: (inputs: readonly string[]) => Promise<T>,
): Promise<T> {
  const { queue, signatures } = call.parts;
  return queue.withWholeTexts(
    jobs.map(({ input }) => input),
    async (texts) => {
      const signed: string[] = [];
      for (const [at, job] of jobs.entries()) {
        const text = texts[at] ?? '';
        const moved = isReference(job.input) ? await inputByUrl(call, { ...job, input: text }) : undefined;
        const input = moved ?? text;
        signed.push(signatures?.forAttempt({ ...job, input }) ?? input);
      }
      return use(signed);
    },
  );
}

function partsOf(jobs: readonly Job[], inputs: readonly string[], form: 'one' | 'list'): AnswerPart[] {
  const parts = jobs.flatMap((job, at): AnswerPart[] => [
    `${at === 0 ? '' : ','}${beforeInput(job)}`,
    parseReference(inputs[at]) ?? inputs[at] ?? '{}',
    afterInput(job),
  ]);
  return form === 'one' ? parts : ['[', ...parts, ']'];
}
