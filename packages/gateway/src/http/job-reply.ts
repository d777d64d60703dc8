import type { WaitReason } from '@spillway/protocol';
import type { Job } from '../jobs/job.ts';
import { joinJsonObject } from '../lib/json-slices.ts';

/**
 * A job as RunPod's clients know it, in the real service's (alphabetical) key order. A running job shows its latest
 * progress as `output`. Values stay the text that arrived.
 */
export function jobReply(job: Job, waitReason?: WaitReason): string {
  const { startedAt, finishedAt } = job;
  const isTaken = startedAt !== undefined && job.status !== 'IN_QUEUE';
  return joinJsonObject([
    ['delayTime', isTaken ? String(startedAt - job.queuedAt) : undefined],
    ['error', job.error === undefined ? undefined : JSON.stringify(job.error)],
    ['executionTime', isTaken && finishedAt !== undefined ? String(finishedAt - startedAt) : undefined],
    ['id', JSON.stringify(job.id)],
    ['output', job.output ?? job.progress],
    ['retries', job.attempt > 1 ? String(job.attempt - 1) : undefined],
    ['status', JSON.stringify(job.status)],
    ['waitReason', waitReason && JSON.stringify(waitReason)],
    ['workerId', isTaken && job.workerId !== undefined ? JSON.stringify(job.workerId) : undefined],
  ]);
}
