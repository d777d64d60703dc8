import type { Job } from '../jobs/job.ts';
import { visitorIn } from '../keys/upload-tokens.ts';

/** What the worker runs: everything the submit had, under the attempt's wire id, around the input. */
export const beforeInput = ({ id, lease }: Job): string =>
  `{"id":${JSON.stringify(lease?.wireId ?? id)},"input":`;

export function afterInput(job: Job): string {
  const { attempt, extras } = job;
  const submitter = submitterOf(job);
  const owner = submitter === undefined ? '' : `,"submitter":${JSON.stringify(submitter)}`;
  const text = `,"_spillway":{"attempt":${attempt}${owner}}`;
  return extras === undefined || extras === '{}' ? `${text}}` : `${text},${extras.slice(1)}`;
}

/** The key, with the visitor behind it where a page submitted the job; undefined for the admin's. */
function submitterOf({ keyId, tags }: Job): string | undefined {
  const visitor = tags.length === 0 ? undefined : visitorIn(tags);
  return visitor === undefined ? keyId : `${keyId ?? 'admin'}/${visitor}`;
}
