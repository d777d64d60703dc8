import { durationText } from '../text.ts';
import { type Check, CheckFailed } from './check.ts';
import type { SmokeReply, SmokeTarget } from './target.ts';
import type { WorkerTest } from './tests-file.ts';

/** Inputs that a worker must take, a line each: it passes when the job completes within its time. */
export function createWorkerChecks(target: SmokeTarget, tests: readonly WorkerTest[]): Check[] {
  return tests.map(({ name, input, timeoutMs }) => ({
    name,
    async run(signal) {
      const reply = await target.run(input, { signal, executionTimeoutMs: timeoutMs });
      if (reply.status !== 'COMPLETED') throw new CheckFailed(`${reply.status}: ${reasonOf(reply)}`);
      const { ranMs = 0 } = reply;
      // The server's shortest limit is longer than a test may ask for.
      if (timeoutMs !== undefined && ranMs > timeoutMs)
        throw new CheckFailed(`ran ${durationText(ranMs)}, and ${durationText(timeoutMs)} are allowed`);
      return `${describeTimes(reply)}; answer: ${describeOutput(reply.output)}`;
    },
  }));
}

function reasonOf({ error, output }: SmokeReply): string {
  if (error !== undefined) return error;
  const hidden =
    typeof output === 'object' && output !== null && 'error' in output ? output.error : undefined;
  return typeof hidden === 'string' ? hidden : 'no reason was given';
}

function describeTimes({ waitedMs, ranMs }: SmokeReply): string {
  const parts = [
    waitedMs === undefined ? undefined : `waited ${durationText(waitedMs)}`,
    ranMs === undefined ? undefined : `ran ${durationText(ranMs)}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ') || 'completed';
}

/** What kind of thing came back, without its content: that may be megabytes, or not for logs. */
function describeOutput(output: unknown): string {
  if (Array.isArray(output)) return `a list of ${output.length}`;
  if (typeof output !== 'object' || output === null) return output === undefined ? 'nothing' : typeof output;
  return Object.keys(output).join(', ') || 'an empty object';
}
