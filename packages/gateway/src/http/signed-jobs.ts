import { GatewayError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { Transition } from '../jobs/job-machine.ts';
import type { Call } from './route.ts';

/** What a good signature has to do with jobs that were submitted before. */

/** A job whose signature was refused does not run by being retried. Throws JOB_NOT_RETRYABLE. */
export async function refuseUnsigned({ parts }: Call, job: Job): Promise<void> {
  if (await mayRetry(parts, job)) return;
  throw new GatewayError(
    'JOB_NOT_RETRYABLE',
    'the endpoint takes signed jobs only, and this one had no good signature; submit it again with one',
  );
}

/** The same for many: those are left as they are. */
export async function retryIfSigned({ parts }: Call, id: string): Promise<Transition | undefined> {
  const { queue, signatures } = parts;
  if (signatures === undefined) return queue.retry(id);
  const job = await queue.get(id);
  return job && (await mayRetry(parts, job)) ? queue.retry(id) : undefined;
}

async function mayRetry({ queue, signatures }: Call['parts'], job: Job): Promise<boolean> {
  if (!signatures?.verifies(job.endpoint)) return true;
  return queue.withWhole(job, ['input'], (whole) => signatures.mayRetry(whole));
}

/** OpenAI's clients can't sign. Throws SIGNATURE_REFUSED where jobs must be. */
export function refuseUnsignedCalls({ signatures }: Call['parts'], endpoint: string): void {
  if (!signatures?.verifies(endpoint)) return;
  throw new GatewayError(
    'SIGNATURE_REFUSED',
    `the endpoint ${endpoint} takes signed jobs only (hmac: true): submit them to /v2/${endpoint}/run with input.auth`,
  );
}
