import type { WaitReason } from '@spillway/protocol';
import type { Job } from '../jobs/job.ts';
import { jobBody } from '../jobs/job-body.ts';
import { joinJsonObject } from '../lib/json-slices.ts';

/** The answer that shows a job; while it waits, with the reason. */
export function jobReply(job: Job, waitReason?: WaitReason): string {
  return joinJsonObject([...jobBody(job), ['waitReason', waitReason && JSON.stringify(waitReason)]]);
}
