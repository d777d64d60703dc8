import { type Batch, totalOf } from '../../batches/batch.ts';
import type { Page } from '../../batches/batch-store.ts';
import type { BatchView, RequestsView, RequestView } from '../../batches/batches.ts';
import { type AnswerPart, answerParts } from '../large-answer.ts';

/** A batch as RunPod shows it; `name` and `error` only where there is one. */
export function batchReply(batch: BatchView): object {
  const { id, endpoint, name, status, requests, createdAt, error, runningCount } = batch;
  return {
    id,
    endpointId: endpoint,
    name,
    status,
    requestTotal: totalOf(requests),
    requestInProgress: runningCount,
    requestCompleted: requests.completed,
    requestFailed: requests.failed,
    createdAt,
    error,
  };
}

/** A page of requests; values stay the text that arrived. */
export function requestsReply(found: RequestsView, page: Page): AnswerPart[] {
  const requests = found.requests.flatMap((request, at) => [
    at === 0 ? '' : ',',
    ...requestReply(request, found.batch),
  ]);
  const standing = JSON.stringify(pageReply(found.total, found.requests.length, page));
  return ['{"requests":[', ...requests, `],${standing.slice(1)}`];
}

/** Where a page stands in the whole. */
export function pageReply(total: number, count: number, { offset, limit }: Page) {
  return { total, offset, limit, hasMore: offset + count < total };
}

function requestReply(request: RequestView, batch: Batch): AnswerPart[] {
  return answerParts([
    ['id', JSON.stringify(request.id)],
    ['jobId', request.jobId === undefined ? undefined : JSON.stringify(request.jobId)],
    ['status', JSON.stringify(statusOf(request, batch))],
    ['output', request.output],
    ['error', request.error === undefined ? undefined : JSON.stringify(request.error)],
    ['startedAt', timeOf(request.startedAt)],
    ['completedAt', timeOf(request.completedAt)],
  ]);
}

function statusOf({ state, isRunning }: RequestView, batch: Batch): string {
  if (state === 'SUBMITTED') return isRunning ? 'IN_PROGRESS' : 'IN_QUEUE';
  if (state === 'WAITING') return batch.status === 'DRAFT' ? 'DRAFT' : 'IN_QUEUE';
  return state;
}

function timeOf(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : JSON.stringify(new Date(epochMs).toISOString());
}
