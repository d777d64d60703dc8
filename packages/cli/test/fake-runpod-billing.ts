import { z } from 'zod';
import type { FakeAnswer } from './fake-answer.ts';

/**
 * The billing routes of RunPod's management API v2, as its OpenAPI document of 2026-08-20 tells: buckets of whole hours, days,
 * weeks, months or years, a window by two times or by a number of buckets but never by both, one record for each resource and
 * bucket that cost something. Everything is billed in hours here.
 */
export interface BilledHour {
  readonly id: string;
  /** Start of the hour, epoch ms. */
  readonly at: number;
  /** US dollars. */
  readonly amount: number;
}

export interface FakeBills {
  readonly serverless: BilledHour[];
  readonly volumes: BilledHour[];
}

const HOUR_MS = 3_600_000;
const KINDS: Readonly<
  Record<string, { readonly bills: keyof FakeBills; readonly idKey: string; readonly uniqueKey: string }>
> = {
  serverless: { bills: 'serverless', idKey: 'serverlessId', uniqueKey: 'uniqueServerlessCount' },
  'network-volumes': {
    ...{ bills: 'volumes', idKey: 'networkVolumeId', uniqueKey: 'uniqueNetworkVolumeCount' },
  },
};

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const querySchema = z
  .object({
    bucketSize: z.enum(['hour', 'day', 'week', 'month', 'year']).default('day'),
    ...{ startTime: time.optional(), endTime: time.optional() },
    lastN: z.coerce.number().int().min(1).optional(),
    ...{ serverlessId: z.string().optional(), networkVolumeId: z.string().optional() },
  })
  .refine(({ lastN, startTime, endTime }) => lastN === undefined || (startTime ?? endTime) === undefined, {
    message: 'lastN and startTime/endTime are mutually exclusive',
  });

type Bucket = z.output<typeof querySchema>['bucketSize'];

function bucketStart(at: number, size: Bucket): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (size === 'year') return Date.UTC(year, 0);
  if (size === 'month') return Date.UTC(year, month);
  const day = Date.UTC(year, month, date.getUTCDate());
  if (size === 'week') return day - ((date.getUTCDay() + 6) % 7) * 24 * HOUR_MS;
  return size === 'day' ? day : Math.floor(at / HOUR_MS) * HOUR_MS;
}

function bucketEnd(start: number, size: Bucket): number {
  if (size === 'hour') return start + HOUR_MS;
  // Far enough into the next one, wherever that begins.
  const days = { day: 1.5, week: 7.5, month: 31.5, year: 366.5 }[size];
  return bucketStart(start + days * 24 * HOUR_MS, size);
}

const iso = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z');

/** Undefined for a path that is none of its routes. */
export function answerBilling(
  bills: FakeBills,
  resource: string,
  query: URLSearchParams,
  now: number,
): FakeAnswer | undefined {
  const kind = KINDS[resource];
  if (!kind) return undefined;
  const checked = querySchema.safeParse(Object.fromEntries(query));
  if (!checked.success) {
    const errors = checked.error.issues.map((issue) => `/${issue.path.join('/')}: ${issue.message}`);
    return { status: 400, json: { title: 'Bad Request', status: 400, detail: errors.join('; '), errors } };
  }
  const { bucketSize, lastN, serverlessId, networkVolumeId } = checked.data;
  let { startTime = now - 30 * 24 * HOUR_MS, endTime = now } = checked.data;
  if (lastN !== undefined) {
    startTime = bucketStart(now, bucketSize);
    for (let n = 1; n < lastN; n += 1) startTime = bucketStart(startTime - 1, bucketSize);
  }
  startTime = bucketStart(startTime, bucketSize);
  if (bucketStart(endTime, bucketSize) !== endTime)
    endTime = bucketEnd(bucketStart(endTime, bucketSize), bucketSize);
  const sums = new Map<string, { id: string; at: number; amount: number }>();
  for (const { id, at, amount } of bills[kind.bills]) {
    const isAsked = [serverlessId, networkVolumeId].every((one) => one === undefined || one === id);
    if (!isAsked || at < startTime || at >= endTime) continue;
    const start = bucketStart(at, bucketSize);
    const sum = sums.get(`${id} ${start}`) ?? { id, at: start, amount: 0 };
    sum.amount += amount;
    sums.set(`${id} ${start}`, sum);
  }
  const amounts = (amount: number) =>
    resource === 'serverless'
      ? { totalAmount: amount, gpuAmount: amount, cpuAmount: 0, diskAmount: 0, feeAmount: 0 }
      : { totalAmount: amount, standardAmount: amount, highPerformanceAmount: 0 };
  const records = [...sums.values()].map(({ id, at, amount }) => ({
    ...{ startTime: iso(at), endTime: iso(bucketEnd(at, bucketSize)), [kind.idKey]: id },
    ...amounts(amount),
  }));
  const total = [...sums.values()].reduce((sum, { amount }) => sum + amount, 0);
  const metadata = {
    query: { startTime: iso(startTime), endTime: iso(endTime), bucketSize },
    ...{
      recordCount: records.length,
      [kind.uniqueKey]: new Set([...sums.values()].map(({ id }) => id)).size,
    },
    totals: amounts(total),
  };
  return { status: 200, json: { records, metadata } };
}
