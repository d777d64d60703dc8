import { clientPath, isFinal, type JobStatus, type StreamReply, WAIT_LIMITS } from '@spillway/protocol';
import { ApiError } from './api-error.ts';
import type { WaitParts } from './wait-for-job.ts';

export interface StreamOptions {
  /** Number of chunks to skip, default 0: a reader that was cut off goes on where it was. */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}

const QUICK_MS = 100;

/**
 * The job's chunks in order, as they come; ends with the job, and its return value is the job's last status. Against
 * our gateway an offset names the place, so nothing is lost by a second reader or a repeated call; RunPod's own service
 * ignores it and hands out each chunk once.
 */
export async function* streamJob(
  { call, patience, clock }: WaitParts,
  endpoint: string,
  id: string,
  options: StreamOptions = {},
): AsyncGenerator<unknown, JobStatus> {
  const { signal } = options;
  const path = clientPath.stream(endpoint, encodeURIComponent(id));
  let offset = options.offset ?? 0;
  for (;;) {
    signal?.throwIfAborted();
    const startedAt = clock.now();
    const query = { offset, wait: WAIT_LIMITS.stream.default };
    const reply = streamReplyOf(await patience(() => call('GET', path, { query, signal }), signal));
    for (const item of reply.stream) {
      offset += 1;
      yield item.output;
    }
    if (reply.stream.length > 0) continue;
    // An empty answer after the end: nothing is left. A full one may be only the next part.
    if (isFinal(reply.status)) return reply.status;
    if (clock.now() - startedAt < QUICK_MS) await clock.sleep(QUICK_MS, signal);
  }
}

function streamReplyOf(value: object): StreamReply {
  if ('status' in value && 'stream' in value && Array.isArray(value.stream)) return value as StreamReply;
  throw new ApiError({ status: 200, code: 'BAD_REPLY', detail: 'the answer has no "status" and "stream".' });
}
