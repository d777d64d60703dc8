import type { ErrorCode } from '../errors.ts';
import { BATCH_LIMITS, type Batch, type BatchStatus, openOf, totalOf } from './batch.ts';

/**
 * The life of a batch, as one pure function. The store reads a batch, asks `decideBatch`, and writes what it says in the
 * same transaction.
 *
 * | from      | to        | event                                                             |
 * |-----------|-----------|-------------------------------------------------------------------|
 * | DRAFT     | DRAFT     | requests added, request removed                                   |
 * | DRAFT     | FINALIZED | finalized; its requests become jobs                               |
 * | DRAFT     | CANCELLED | cancelled                                                         |
 * | FINALIZED | CANCELLED | cancelled while requests are open                                 |
 * | FINALIZED | FAILED    | the endpoint is gone before all requests were jobs                |
 *
 * A batch whose requests have all ended stays FINALIZED. Every batch can be named, and one without open jobs deleted.
 */
export type BatchEvent =
  | { readonly type: 'added'; readonly count: number }
  | { readonly type: 'removed' }
  | { readonly type: 'named'; readonly name: string }
  /** `queued`: jobs that wait at the endpoint, and requests of other batches that are about to. */
  | { readonly type: 'finalized'; readonly queued: number }
  | { readonly type: 'cancelled' }
  | { readonly type: 'endpoint-gone'; readonly message: string }
  | { readonly type: 'deleted' };

export type BatchDecision =
  /** `endsWaiting`: how requests end that are no jobs yet. */
  | { readonly type: 'change'; readonly status: BatchStatus; readonly endsWaiting?: 'CANCELLED' | 'FAILED' }
  /** It is so already, or can't be so any more; the caller sees how it is. */
  | { readonly type: 'nothing' }
  | { readonly type: 'refuse'; readonly code: ErrorCode; readonly message: string };

const NOTHING: BatchDecision = { type: 'nothing' };

export function decideBatch(batch: Batch, event: BatchEvent): BatchDecision {
  const { status } = batch;
  switch (event.type) {
    case 'named':
      return { type: 'change', status };
    case 'added':
      return status === 'DRAFT' ? add(batch, event.count) : locked(status);
    case 'removed':
      return status === 'DRAFT' ? { type: 'change', status } : locked(status);
    case 'finalized':
      return finalize(batch, event.queued);
    case 'cancelled':
      return cancel(batch);
    case 'endpoint-gone':
      return status === 'FINALIZED' && batch.requests.waiting > 0
        ? { type: 'change', status: 'FAILED', endsWaiting: 'FAILED' }
        : NOTHING;
    case 'deleted':
      return hasOpenJobs(batch) ? running() : { type: 'change', status };
  }
}

function add({ requests }: Batch, count: number): BatchDecision {
  const total = totalOf(requests) + count;
  if (total <= BATCH_LIMITS.requests) return { type: 'change', status: 'DRAFT' };
  return refuse(
    'BATCH_LIMIT',
    `a batch holds at most ${BATCH_LIMITS.requests} requests, and this would make it ${total}; nothing was added`,
  );
}

function finalize({ status, requests }: Batch, queued: number): BatchDecision {
  // A repeated call: the answer to the first one was lost, perhaps.
  if (status === 'FINALIZED') return NOTHING;
  if (status !== 'DRAFT') return locked(status);
  const total = totalOf(requests);
  if (total === 0)
    return refuse('INPUT_INVALID', 'the batch has no requests; add some before it is finalized');
  if (queued + total <= BATCH_LIMITS.queued) return { type: 'change', status: 'FINALIZED' };
  return refuse(
    'BATCH_LIMIT',
    `at most ${BATCH_LIMITS.queued} requests may wait at an endpoint; ${queued} do, and the batch has ${total}: finalize it later`,
  );
}

function cancel(batch: Batch): BatchDecision {
  if (batch.status === 'DRAFT' || (batch.status === 'FINALIZED' && openOf(batch.requests) > 0)) {
    return { type: 'change', status: 'CANCELLED', endsWaiting: 'CANCELLED' };
  }
  return NOTHING;
}

/** Requests of a draft wait too, but nothing runs them. */
function hasOpenJobs({ status, requests }: Batch): boolean {
  return status === 'DRAFT' ? false : openOf(requests) > 0;
}

function running(): BatchDecision {
  return refuse('BATCH_RUNNING', 'the batch has requests that wait or run; cancel it first');
}

function locked(status: BatchStatus): BatchDecision {
  return refuse('BATCH_LOCKED', `only a DRAFT can be changed; this batch is ${status}`);
}

function refuse(code: ErrorCode, message: string): BatchDecision {
  return { type: 'refuse', code, message };
}
