import { type HandlerRun, runHandler } from '@spillway/sdk/worker';
import type { WorkerInstance } from '../worker-instance.ts';
import { type PodAnswer, type PodCall, PodError, type PodRoute } from './pod-route.ts';

const MAX_BODY_BYTES = 64_000_000;

/** Runs the worker's handler on an input, as a job would. What the handler logs goes to the worker's log. */
export async function runInput(
  { handler }: Pick<WorkerInstance, 'handler'>,
  input: Readonly<Record<string, unknown>>,
  { id, signal, log }: Pick<PodCall, 'id' | 'signal' | 'log'>,
  endpoint?: string,
): Promise<HandlerRun> {
  const options = { jobId: id, signal, ...(endpoint === undefined ? {} : { endpoint }) };
  const run = await runHandler(handler, { ...input }, options);
  for (const line of run.logs) log(line);
  return run;
}

/** The output of a run that went well. @throws PodError with the sentence of one that didn't. */
export function outputOf({ status, output, error, failureType }: HandlerRun): unknown {
  if (status === 'COMPLETED') return output;
  if (failureType === 'INPUT_INVALID')
    throw new PodError(400, 'INPUT_INVALID', error ?? 'The input is wrong.');
  if (status === 'CANCELLED') throw new PodError(499, 'CANCELLED', 'The client hung up.');
  throw new Error(error ?? 'the handler failed');
}

const isException = (error: string): boolean => error.startsWith('{"error_type":');

/** `POST /runsync {"input": …}`: every worker can be called with the contract of its jobs. */
export function runsyncRoute(worker: WorkerInstance, endpoint: string): PodRoute {
  return {
    method: 'POST',
    path: '/runsync',
    maxBodyBytes: MAX_BODY_BYTES,
    async handle(call): Promise<PodAnswer> {
      const { input } = call.json();
      if (typeof input !== 'object' || input === null || Array.isArray(input))
        throw new PodError(400, 'INPUT_INVALID', 'input: expected a JSON object.');
      const run = await runInput(worker, input as Record<string, unknown>, call, endpoint);
      const { status, output, error } = run;
      // What was not said for the caller is for the log: an exception's text names files and values.
      if (error !== undefined && isException(error)) throw new Error(error);
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
