import type { Batch, BatchRequest, BatchStatus, RequestCounts, RequestState } from '../batch.ts';
import type { OpenJob } from '../batch-store.ts';

export type Row = Record<string, string | number | null>;
export type Counted = { readonly state: string; readonly n: number };

export function countsOf(states: readonly Counted[]): RequestCounts {
  const counts = { waiting: 0, submitted: 0, completed: 0, failed: 0 };
  for (const { state, n } of states) {
    if (state === 'WAITING') counts.waiting += n;
    else if (state === 'SUBMITTED') counts.submitted += n;
    else if (state === 'COMPLETED') counts.completed += n;
    else counts.failed += n;
  }
  return counts;
}

export function batchOf(row: Row, requests: RequestCounts): Batch {
  return {
    id: String(row.id),
    endpoint: String(row.endpoint),
    status: String(row.status) as BatchStatus,
    createdAt: Number(row.created_at),
    requests,
    ...(typeof row.name === 'string' ? { name: row.name } : {}),
    ...(typeof row.error === 'string' ? { error: row.error } : {}),
  };
}

export function requestOf(row: Row): BatchRequest {
  return {
    id: String(row.id),
    state: String(row.state) as RequestState,
    ...(typeof row.job_id === 'string' ? { jobId: row.job_id } : {}),
    ...(typeof row.started_at === 'number' ? { startedAt: row.started_at } : {}),
    ...(typeof row.completed_at === 'number' ? { completedAt: row.completed_at } : {}),
    ...(typeof row.output === 'string' ? { output: row.output } : {}),
    ...(typeof row.error === 'string' ? { error: row.error } : {}),
  };
}

export function openJobOf(row: Row): OpenJob {
  return {
    jobId: String(row.job_id),
    batchId: String(row.batch_id),
    isCancelled: row.status === 'CANCELLED',
  };
}
