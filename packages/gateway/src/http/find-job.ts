import { GatewayError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import { type Call, endpointOf } from './route.ts';
import { isOfCaller } from './upload-token-jobs.ts';

/** The job that the path names, if it belongs to the path's endpoint. Throws JOB_NOT_FOUND. */
export async function findJob(call: Call): Promise<Job> {
  const endpoint = endpointOf(call);
  const job = await call.parts.queue.get(call.params.id ?? '');
  if (!job || job.endpoint !== endpoint.name || !isOfCaller(call.caller, job))
    throw new GatewayError('JOB_NOT_FOUND', 'job not found');
  return job;
}
