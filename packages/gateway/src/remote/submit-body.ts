import { POLICY_LIMITS } from '@spillway/protocol';
import type { Job } from '../jobs/job.ts';
import { joinJsonObject, sliceJsonObject } from '../lib/json-slices.ts';

/** RunPod takes no larger submit. */
export const SUBMIT_LIMIT_BYTES = 10 * 1024 * 1024;
/** Room for what a submit holds besides the job's own texts. */
export const ENVELOPE_BYTES = 1_024;

/** The gateway tells the caller itself how its job ended, and says itself how long it may take. */
const STAYS_HERE = ['input', 'policy', 'webhook', 'webhookV2', 'id'];

/**
 * What is submitted there for a job. It carries the time that is left to the job, so that one which is forgotten there
 * ends by itself. `webhook`: where it is told that it has ended.
 */
export function submitBody(job: Job, input: string, now: number, webhook?: string): string {
  const { executionTimeout, ttl } = POLICY_LIMITS;
  const clamp = (value: number, { min, max }: { min: number; max: number }) =>
    Math.min(max, Math.max(min, Math.round(value)));
  const policy = {
    executionTimeout: clamp(job.executionTimeoutMs, executionTimeout),
    ttl: clamp(job.expiresAt - now, ttl),
    ...(job.isLowPriority ? { lowPriority: true } : {}),
  };
  const extras = [...sliceJsonObject(job.extras ?? '{}')].filter(([key]) => !STAYS_HERE.includes(key));
  return joinJsonObject([
    ['input', input],
    ['policy', JSON.stringify(policy)],
    ['webhook', webhook === undefined ? undefined : JSON.stringify(webhook)],
    ...extras,
  ]);
}
