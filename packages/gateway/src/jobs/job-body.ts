import { isPlaced, type Job } from './job.ts';

/**
 * A job as RunPod's clients know it, as entries of a JSON object in the real service's (alphabetical) key order. A
 * running job shows its latest progress as `output`. Values stay the text that arrived.
 */
export function jobBody(job: Job): [string, string | undefined][] {
  const { startedAt, finishedAt } = job;
  const status = isPlaced(job) ? 'IN_QUEUE' : job.status;
  const isTaken = startedAt !== undefined && status !== 'IN_QUEUE';
  return [
    ['delayTime', isTaken ? String(startedAt - job.queuedAt) : undefined],
    ['error', job.error === undefined ? undefined : JSON.stringify(job.error)],
    ['executionTime', isTaken && finishedAt !== undefined ? String(finishedAt - startedAt) : undefined],
    ['id', JSON.stringify(job.id)],
    ['output', job.output ?? job.progress],
    ['retries', job.attempt > 1 ? String(job.attempt - 1) : undefined],
    ['status', JSON.stringify(status)],
    ['workerId', isTaken && job.workerId !== undefined ? JSON.stringify(job.workerId) : undefined],
  ];
}
