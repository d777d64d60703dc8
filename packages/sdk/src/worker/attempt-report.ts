import type { Clock } from '../clock/clock.ts';
import { createDeliver, type DeliveryResult, isTransient } from './deliver.ts';
import type { Link } from './gateway-link.ts';
import { JobError } from './job-error.ts';
import type { FailedOutcome, Outcome } from './job-outcome.ts';
import type { Logger } from './log.ts';
import { createProgressSender } from './progress-sender.ts';
import type { AttemptResult, AttemptSink } from './run-attempt.ts';
import type { TakenAttempt } from './taken-job.ts';
import type { WorkerUrls } from './worker-urls.ts';

/** Brings what an attempt says to the server: progress and chunks while it runs, one final report, in this order. */
export interface AttemptReport extends AttemptSink {
  /** Resolves when the server has the outcome, refused it, or stayed away too long (which is logged). */
  finish(result: AttemptResult, isRefresh: boolean): Promise<void>;
}

export interface AttemptReportOptions {
  readonly taken: TakenAttempt;
  readonly link: Link;
  readonly urls: WorkerUrls;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const PROGRESS_DEADLINE_MS = 10_000;
const CHUNK_GIVE_UP_MS = 120_000;
const REPORT_GIVE_UP_MS = 600_000;

export function createAttemptReport(options: AttemptReportOptions): AttemptReport {
  const { taken, link, urls, clock, random, log, signal } = options;
  const { job, attempt } = taken;
  const deliver = createDeliver(link, clock, random);
  const contentType = contentTypeFor(taken);
  const doneUrl = (isStream: boolean) => urls.done(job.id, { isStream, attempt });
  const sender = createProgressSender(postProgress, clock, random);
  let chunks = 0;

  async function postProgress(json: string): Promise<boolean> {
    const body = `{"status":"IN_PROGRESS","output":${json}}`;
    const url = doneUrl(false);
    const result = await link({ method: 'POST', url, body, contentType, deadlineMs: PROGRESS_DEADLINE_MS });
    return result.kind === 'reply' && !isTransient(result.status);
  }

  async function postOutcome(
    outcome: Exclude<Outcome, { status: 'STOPPED' }>,
    isStream: boolean,
    isRefresh: boolean,
  ) {
    const body = doneBody(outcome, { isRefresh, withFailure: attempt !== undefined });
    const url = doneUrl(isStream);
    return deliver({ url, body, contentType, giveUpAfterMs: REPORT_GIVE_UP_MS, signal });
  }

  return {
    progress: (json) => sender.offer(json),
    async chunk(json) {
      const url = urls.stream(job.id, { attempt, chunk: chunks });
      const body = `{"output":${json}}`;
      const result = await deliver({ url, body, contentType, giveUpAfterMs: CHUNK_GIVE_UP_MS, signal });
      if (result.kind === 'refused' || result.kind === 'gave-up') {
        throw new JobError(`Chunk ${chunks} could not be delivered: ${explain(result)}.`);
      }
      chunks += 1;
    },
    async finish({ outcome, isStream }, isRefresh) {
      if (outcome.status === 'STOPPED') {
        await sender.discard();
        return;
      }
      await sender.flush();
      const result = await postOutcome(outcome, isStream, isRefresh);
      // Aborted: the server stopped the job meanwhile and wants no result.
      if (result.kind === 'delivered' || result.kind === 'aborted') return;
      if (result.kind !== 'refused' || ![400, 413].includes(result.status)) {
        log.error(`the result could not be delivered and is lost: ${explain(result)}`);
        return;
      }
      // RunPod's service ends such a job as COMPLETED without output, unless it hears of a failure.
      log.error(`the server refused the result: ${explain(result)}; reporting a failure in its place`);
      const second = await postOutcome(refusedOutput(outcome, result), isStream, isRefresh);
      if (second.kind === 'refused' || second.kind === 'gave-up') {
        log.error(`that failed too: ${explain(second)}`);
      }
    },
  };
}

/** Our gateway reads JSON as JSON; RunPod's service is only known to take what its own worker sends. */
function contentTypeFor(taken: TakenAttempt): string {
  return taken.attempt === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
}

/** Body of `job-done`. `failure` is ours, and only sent to a server that knows it. */
export function doneBody(
  outcome: Exclude<Outcome, { status: 'STOPPED' }>,
  options: { isRefresh: boolean; withFailure: boolean },
): string {
  const parts: string[] = [];
  if (outcome.outputJson !== undefined) parts.push(`"output":${outcome.outputJson}`);
  if (outcome.status === 'FAILED') {
    parts.push(`"error":${JSON.stringify(outcome.error)}`);
    if (options.withFailure) parts.push(`"failure":${JSON.stringify(outcome.failure)}`);
  }
  if (options.isRefresh) parts.push('"stopPod":true');
  return `{${parts.join(',')}}`;
}

function refusedOutput(outcome: Outcome, refusal: { status: number; detail: string }): FailedOutcome {
  const size = outcome.status === 'STOPPED' ? 0 : (outcome.outputJson?.length ?? 0);
  return {
    status: 'FAILED',
    error: `The server refused the output of ${size} characters (HTTP ${refusal.status}: ${refusal.detail}). Return less, or store it elsewhere and return its address.`,
    failure: { type: 'OUTPUT_INVALID', isRetryable: false },
  };
}

function explain(result: Extract<DeliveryResult, { kind: 'refused' | 'gave-up' }>): string {
  return result.kind === 'refused' ? `HTTP ${result.status}: ${result.detail}` : result.reason;
}
