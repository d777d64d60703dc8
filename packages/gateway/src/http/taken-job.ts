import type { Job } from '../jobs/job.ts';

/** What the worker runs: everything the submit had, under the attempt's wire id, around the input. */
export const beforeInput = ({ id, lease }: Job): string =>
  `{"id":${JSON.stringify(lease?.wireId ?? id)},"input":`;

export function afterInput({ attempt, extras }: Job): string {
  const text = `,"_spillway":{"attempt":${attempt}}`;
  return extras === undefined || extras === '{}' ? `${text}}` : `${text},${extras.slice(1)}`;
}
