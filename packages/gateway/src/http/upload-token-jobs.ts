import { GatewayError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { JobSummary } from '../jobs/job-store.ts';
import type { Submission } from '../jobs/queue.ts';
import { tagOf, type UploadToken } from '../keys/upload-tokens.ts';
import type { Caller } from './auth.ts';
import { parseObject } from './parse-submit.ts';
import type { Call } from './route.ts';

/** Whether the caller may know of this job: a page knows only those that it submitted itself. */
export function isOfCaller({ token }: Caller, { tags }: Pick<JobSummary, 'tags'>): boolean {
  return token === undefined || tags.includes(tagOf(token));
}

/** Throws INPUT_INVALID for whatever is more than an input, and RATE_LIMITED when the token's jobs are used up. */
export async function submitOfPage(call: Call, token: UploadToken, submission: Submission): Promise<Job> {
  const { queue, signatures, uploadTokens } = call.parts;
  const { value } = parseObject(call.body);
  const more = Object.keys(value).find((key) => key !== 'input');
  if (more !== undefined) {
    const message = `bad request: ${more}: a job of an upload token has an input and nothing else`;
    throw new GatewayError('INPUT_INVALID', message);
  }
  await uploadTokens.countJob(token);
  return (signatures ?? queue).submit({ ...submission, tags: [tagOf(token)] });
}
