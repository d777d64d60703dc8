import { clientPath, isFinal, type JobReply } from '@spillway/protocol';
import type { Clock } from '../clock/clock.ts';
import type { ApiCaller } from './api-caller.ts';
import { jobReplyOf } from './job-reply.ts';
import type { Patience } from './patience.ts';

export interface WaitOptions {
  /** Stops waiting (rejects with the signal's reason); the job itself goes on. */
  readonly signal?: AbortSignal;
  /** Called with each reply that shows another status, progress or reason to wait; `reply.output` is the progress. */
  readonly onProgress?: (reply: JobReply) => void;
  /** How often `onProgress` is served, default 1000, at least 1000 (the server's shortest hold). */
  readonly intervalMs?: number;
}

export interface WaitParts {
  readonly call: ApiCaller;
  readonly patience: Patience;
  readonly clock: Clock;
}

const LONG_HOLD_MS = 60_000;
const SHORT_HOLD_MS = 1_000;

/** Waits for the job's end by held requests, and answers its last reply, whatever its status. */
export async function waitForJob(
  { call, patience, clock }: WaitParts,
  endpoint: string,
  id: string,
  options: WaitOptions = {},
): Promise<JobReply> {
  const { signal, onProgress } = options;
  const holdMs = onProgress ? Math.max(options.intervalMs ?? SHORT_HOLD_MS, SHORT_HOLD_MS) : LONG_HOLD_MS;
  const path = clientPath.statusSync(endpoint, encodeURIComponent(id));
  let shown = '';
  for (;;) {
    signal?.throwIfAborted();
    const startedAt = clock.now();
    const reply = jobReplyOf(
      await patience(() => call('GET', path, { query: { wait: holdMs }, signal }), signal),
    );
    if (isFinal(reply.status)) return reply;
    if (onProgress) {
      const now = JSON.stringify([reply.status, reply.output, reply.waitReason]);
      if (now !== shown) onProgress(reply);
      shown = now;
    }
    // A server that answers at once instead of holding must not be asked without pause.
    const restMs = Math.min(holdMs, SHORT_HOLD_MS) - (clock.now() - startedAt);
    if (restMs > 0) await clock.sleep(restMs, signal);
  }
}
