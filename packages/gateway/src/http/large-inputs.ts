import { ArtifactError } from '@spillway/artifacts';
import type { Job } from '../jobs/job.ts';
import type { ErrorReport } from '../jobs/job-machine.ts';
import { isReference, parseReference } from '../jobs/large-values/value-reference.ts';
import { type AnswerPart, sendParts } from './large-answer.ts';
import type { Call } from './route.ts';
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
    const [job] = jobs;
    const isSigned = job !== undefined && signatures?.signs(job.endpoint) === true;
    const isSent = await (isSigned ? sendSigned(call, jobs, form) : sendParts(call, partsOf(jobs, form)));
    if (!isSent) await handBack('the worker hung up before it got the job');
  } catch (error) {
    await handBack('its input could not be read from the storage');
    throw error;
  }
  return undefined;
}

/** Each with a fresh signature, for which its input has to be read whole. */
async function sendSigned(call: Call, jobs: readonly Job[], form: 'one' | 'list'): Promise<boolean> {
  const { queue, signatures } = call.parts;
  const references = jobs.flatMap(({ input }) => parseReference(input) ?? []);
  return queue.readValues(references, (texts) => {
    let at = 0;
    const signed = jobs.map((job) => {
      const input = isReference(job.input) ? (texts[at++] ?? '') : job.input;
      return { ...job, input: signatures?.forAttempt({ ...job, input }) ?? input };
    });
    return sendParts(call, partsOf(signed, form));
  });
}

function partsOf(jobs: readonly Job[], form: 'one' | 'list'): AnswerPart[] {
  const parts = jobs.flatMap((job, at): AnswerPart[] => [
    `${at === 0 ? '' : ','}${beforeInput(job)}`,
    parseReference(job.input) ?? job.input,
    afterInput(job),
  ]);
  return form === 'one' ? parts : ['[', ...parts, ']'];
}
