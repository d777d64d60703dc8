import { isFinal } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { JobQueue, Submission } from '../jobs/queue.ts';
import { type BatchProgress, endOf } from './batch-progress.ts';
import type { BatchStore, WaitingRequest } from './batch-store.ts';

/** Submits that are under way together; they share a commit. */
const AT_ONCE = 200;
const CHARS_AT_ONCE = 8 * 1024 * 1024;

/** What a request asks for, as a job; undefined when its endpoint is gone. Throws GatewayError. */
export type ToSubmission = (request: WaitingRequest) => Submission | undefined;

export interface BatchFeederOptions {
  readonly store: BatchStore;
  readonly queue: JobQueue;
  readonly progress: BatchProgress;
  readonly toSubmission: ToSubmission;
  readonly clock: Clock;
}

/**
 * Turns the requests of finalized batches into jobs. Each is submitted under a key of its own, so that one that was
 * submitted before a crash, and not noted any more, is found instead of run twice.
 */
export function createBatchFeeder({ store, queue, progress, toSubmission, clock }: BatchFeederOptions) {
  /** Feeds the next ones; false when none is left. Not to be called while another call runs. */
  return async function feed(): Promise<boolean> {
    const requests = await store.waiting(AT_ONCE, CHARS_AT_ONCE);
    const gone = new Set<WaitingRequest>();
    const submits = requests.flatMap((request) => {
      const submission = submissionOf(request);
      if (submission === undefined) gone.add(request);
      return submission ? [submit(request, submission)] : [];
    });
    const jobs = await Promise.all(submits);
    if (jobs.length > 0) await store.submitted(jobs);
    for (const { jobId, isRepeated } of jobs) if (isRepeated) await catchUp(jobId);
    for (const { batchId, endpoint } of gone) await giveUp(batchId, endpoint);
    await progress.flush();
    return requests.length > 0;
  };

  /** Null where the request itself can't be a job: it has failed then. */
  function submissionOf(request: WaitingRequest): Submission | undefined | null {
    try {
      return toSubmission(request);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      refuse(request.id, error.message);
      return null;
    }
  }

  async function submit(request: WaitingRequest, submission: Submission) {
    const once = { key: `batch-request/${request.id}`, fingerprint: request.id };
    const { jobId, type } = await queue.submitOnce(submission, once);
    // In the same turn in which it was told to others: no change of the job can have been missed.
    progress.follow({ jobId, batchId: request.batchId, isCancelled: false });
    return { requestId: request.id, jobId, isRepeated: type !== 'inserted' };
  }

  /** The job was there before, and may have moved on while nobody followed it. */
  async function catchUp(jobId: string): Promise<void> {
    const job = await queue.get(jobId);
    if (job && isFinal(job.status)) progress.report({ type: 'ended', jobId, ...endOf(job) });
  }

  function refuse(requestId: string, error: string): void {
    progress.report({ type: 'refused', requestId, state: 'FAILED', completedAt: clock.now(), error });
  }

  async function giveUp(batchId: string, endpoint: string): Promise<void> {
    const message = `the endpoint ${endpoint} is not configured any more`;
    await store.apply(batchId, { type: 'endpoint-gone', message, now: clock.now() });
  }
}
