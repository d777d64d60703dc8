import { type HandlerRun, runHandler } from '@spillway/sdk/worker';
import type { WorkerInstance } from '../registry.ts';
import { type PodAnswer, type PodCall, PodError, type PodRoute } from './pod-route.ts';

const MAX_BODY_BYTES = 64_000_000;

/** Runs the worker's handler on an input, as a job would. */
export function runInput(
  { handler }: Pick<WorkerInstance, 'handler'>,
  input: Readonly<Record<string, unknown>>,
  { id, signal }: Pick<PodCall, 'id' | 'signal'>,
): Promise<HandlerRun> {
  return runHandler(handler, { ...input }, { jobId: id, signal });
}

/** The output of a run that went well. @throws PodError with the sentence of one that didn't. */
export function outputOf({ status, output, error, failureType }: HandlerRun): unknown {
  if (status === 'COMPLETED') return output;
  if (failureType === 'INPUT_INVALID')
    throw new PodError(400, 'INPUT_INVALID', error ?? 'The input is wrong.');
  if (status === 'CANCELLED') throw new PodError(499, 'CANCELLED', 'The client hung up.');
  throw new Error(error ?? 'the handler failed');
}

/** `POST /runsync {"input": …}`: every worker can be called with the contract of its jobs. */
export function runsyncRoute(worker: WorkerInstance): PodRoute {
  return {
    method: 'POST',
    path: '/runsync',
    maxBodyBytes: MAX_BODY_BYTES,
    async handle(call): Promise<PodAnswer> {
      const { input } = call.json();
      if (typeof input !== 'object' || input === null || Array.isArray(input))
        throw new PodError(400, 'INPUT_INVALID', 'input: expected a JSON object.');
      const { status, output, error } = await runInput(worker, input as Record<string, unknown>, call);
      return {
        body: {
          id: call.id,
          status,
          ...(output === undefined ? {} : { output }),
          ...(error === undefined ? {} : { error }),
        },
      };
    },
  };
}
