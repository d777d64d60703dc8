import { JOB_STATUSES } from '@spillway/protocol';
import { JOB_LIMITS, type JobSelection } from '@spillway/protocol/v1';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { JobFilter, JobPage } from '../jobs/job-store.ts';
import { maySee } from './auth.ts';
import type { Call } from './route.ts';

/** Which jobs a call is about: the filters of lists and bulk operations, and what the caller's key may see of them. */
export type Filters = Omit<JobFilter, 'endpoints' | 'limit' | 'cursor'>;

const { page } = JOB_LIMITS;
const LIMIT_TEXT = `expected a whole number from ${page.min} to ${page.max}`;

const moment = z
  .string()
  .transform((text) => momentOf(text) ?? Number.NaN)
  .refine((at) => !Number.isNaN(at), 'expected epoch milliseconds or a date such as 2026-11-20T08:00:00Z')
  .describe('Epoch milliseconds, or a date such as 2026-11-20T08:00:00Z.');

/** Query of `GET /v1/jobs`. */
export const jobListQuerySchema = z.object({
  endpoint: z.string().optional(),
  status: z.enum(JOB_STATUSES, `expected one of ${JOB_STATUSES.join(', ')}`).optional(),
  tag: z.string().optional(),
  since: moment.optional().describe('Created at or after.'),
  until: moment.optional().describe('Created before.'),
  limit: z.coerce
    .number(LIMIT_TEXT)
    .int(LIMIT_TEXT)
    .min(page.min, LIMIT_TEXT)
    .max(page.max, LIMIT_TEXT)
    .default(page.default),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the nextCursor of the page before')
    .optional(),
});

function momentOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) || !/^\d{4}-\d{2}-\d{2}/.test(text) ? undefined : at;
}

/** The filters of a bulk operation's body. Throws INPUT_INVALID when it would mean every job without saying so. */
export function filtersOf({ ids, all, since, until, ...rest }: JobSelection): Filters {
  if (!all && ids === undefined && since === undefined && until === undefined && !hasValue(rest)) {
    throw new GatewayError(
      'INPUT_INVALID',
      'body: expected at least one of ids, endpoint, status, tag, since, until; {"all": true} means every job',
    );
  }
  const at = (moment: string | number | undefined) =>
    moment === undefined ? undefined : momentOf(String(moment));
  return withoutAbsent({ ...rest, since: at(since), until: at(until) });
}

function hasValue(values: object): boolean {
  return Object.values(values).some((value) => value !== undefined);
}

export function withoutAbsent(values: object): Filters {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Filters;
}

/** One page of the jobs that the caller may see, the newest first. */
export async function listVisible({ caller, parts }: Call, filter: JobFilter): Promise<JobPage> {
  const { endpoints } = caller;
  if (filter.endpoint !== undefined && !maySee(caller, filter.endpoint)) return { jobs: [] };
  if (endpoints === undefined || filter.endpoint !== undefined) return await parts.queue.list(filter);
  return await parts.queue.list({ ...filter, endpoints });
}
