import { jobsToStopSchema } from '@spillway/protocol';
import { detailOf } from '../describe-error.ts';
import type { Link, LinkResult } from './gateway-link.ts';
import { parseTakenJob, type TakenAttempt } from './taken-job.ts';
import type { WorkerUrls } from './worker-urls.ts';

/** The two long polls of a worker: jobs to run, and jobs to stop. */
export interface JobSource {
  take(want: number, isBusy: boolean, signal: AbortSignal): Promise<PollResult<TakenAttempt>>;
  jobsToStop(signal: AbortSignal): Promise<PollResult<string>>;
}

export type PollResult<T> =
  /** An empty list: nothing to do, ask again. */
  | { readonly kind: 'items'; readonly items: readonly T[] }
  /** The key is wrong (401, 403). */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'aborted' };

/** RunPod's own worker gives up on a poll after this time, so servers answer before it. */
const POLL_DEADLINE_MS = 90_000;

export function createJobSource(link: Link, urls: WorkerUrls): JobSource {
  return {
    async take(want, isBusy, signal) {
      const url = want >= 2 ? urls.takeBatch(want, isBusy) : urls.take(isBusy);
      const result = await link({ method: 'GET', url, deadlineMs: POLL_DEADLINE_MS, signal });
      return readPoll(result, (body) => {
        const values = Array.isArray(body) ? body : [body];
        return values.map(parseTakenJob).filter((taken) => taken !== undefined);
      });
    },
    async jobsToStop(signal) {
      const result = await link({ method: 'GET', url: urls.stop(), deadlineMs: POLL_DEADLINE_MS, signal });
      return readPoll(result, (body) => jobsToStopSchema.safeParse(body).data?.jobsToStop ?? []);
    },
  };
}

function readPoll<T>(result: LinkResult, parse: (body: unknown) => readonly T[]): PollResult<T> {
  if (result.kind === 'aborted') return result;
  if (result.kind === 'timeout') return { kind: 'items', items: [] };
  if (result.kind === 'unreachable') return { ...result, kind: 'unavailable', retryAfterMs: undefined };
  const { status, text, retryAfterMs } = result;
  // RunPod answers 400 on a worker that it froze and woke again (FlashBoot): no job.
  if (status === 204 || status === 400) return { kind: 'items', items: [] };
  if (status === 401 || status === 403) {
    return { kind: 'refused', reason: `HTTP ${status}: ${detailOf(text)}` };
  }
  if (status !== 200) {
    return { kind: 'unavailable', reason: `HTTP ${status}: ${detailOf(text)}`, retryAfterMs };
  }
  if (text.trim() === '') return { kind: 'items', items: [] };
  try {
    return { kind: 'items', items: parse(JSON.parse(text)) };
  } catch {
    return { kind: 'unavailable', reason: `the answer is not JSON: ${detailOf(text)}`, retryAfterMs };
  }
}
