import { z } from 'zod';

/**
 * What was spent, what it would cost, and what may be spent. Money is whole millionths of a US dollar (`…Micros`), so
 * that sums are exact; days are UTC.
 */
const micros = z.int().describe('Millionths of a US dollar.');
const ms = z.int().describe('Milliseconds.');
const count = z.int().min(0);

export const USAGE_GROUPS = ['day', 'endpoint', 'key', 'tag'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const amounts = {
  attempts: count.describe('Attempts that ended, whatever came of them.'),
  completed: count.describe('Those that brought a result.'),
  executionMs: ms.describe("Their time; those side by side in a worker that costs share the worker's."),
  chargedSeconds: count.describe('Whole seconds that those are charged for which cost something.'),
  unpricedAttempts: count.describe('Those at RunPod whose price nobody told; they are in no cost.'),
  startUpMs: ms.describe('From the start of workers that cost something to their first request for a job.'),
  idleMs: ms.describe('Of those workers, without a job.'),
  costMicros: micros,
  unseenSubmits: count.describe('Submits to RunPod of which nobody knows whether they arrived.'),
  possibleMicros: micros.describe(
    'What those may have cost at most, by their execution timeout; in no `costMicros`, until RunPod’s bill tells.',
  ),
};

export const usageRowSchema = z
  .object({
    kind: z
      .enum(['attempts', 'workers', 'runpod', 'runpod-estimate', 'runpod-volumes', 'possible'])
      .describe(
        '`attempts`: work. `workers`: start-up and idle time of workers of ours that cost something, and what rounding up leaves; together with their attempts it is what their lives cost. `runpod`: what RunPod’s bill of the endpoint says beside its attempts; together with them it is that bill. `runpod-estimate`: while that bill is not known, idle time of workers there, by the endpoint’s own settings. `runpod-volumes`: network volumes of its deployment, by RunPod’s bill. `possible`: work that may have been done there for submits whose answer was lost.',
      ),
    day: z.string().describe('Such as 2026-11-21, UTC.').optional(),
    endpoint: z.string().optional(),
    key: z
      .string()
      .describe('Id of the key; `admin` for the admin’s, and where no key’s is known.')
      .optional(),
    tag: z.string().describe('Empty for jobs without one. A job with several counts for each.').optional(),
    ...amounts,
  })
  .meta({ id: 'UsageRow' });

export type UsageRowView = z.infer<typeof usageRowSchema>;

export const usageSchema = z
  .object({
    since: z.string().describe('First day.'),
    until: z.string().describe('Last day.'),
    rows: z.array(usageRowSchema),
    total: z.object(amounts).describe('Each attempt once.'),
  })
  .meta({ id: 'Usage' });

export type UsageView = z.infer<typeof usageSchema>;

export const pricesSchema = z
  .object({
    workers: z
      .array(
        z.object({
          class: z.string().describe("`local`, `pool`, or one of RunPod's pools."),
          microsPerHour: micros.describe('Of one worker with one card; millionths of a dollar.'),
          activeMicrosPerHour: micros
            .describe('At RunPod, of a worker that always runs; absent where it is not known.')
            .optional(),
          asOf: z.string().describe('Date or month of the price.').optional(),
          source: z.string(),
        }),
      )
      .describe('What workers cost.'),
    catalogue: z
      .object({
        hasKey: z.boolean().describe('Whether RunPod can be asked.'),
        readAt: z
          .int()
          .describe(
            'When it was read last, epoch milliseconds; absent where the table of this version holds.',
          )
          .optional(),
        url: z.string().describe('Where.').optional(),
        problem: z.string().describe('Why it is not newer, where the last try failed.').optional(),
      })
      .describe('RunPod’s own list prices.'),
    pods: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          memoryGb: z.number(),
          secureMicrosPerHour: micros.describe('Absent where it is not to be had there.').optional(),
          communityMicrosPerHour: micros.optional(),
        }),
      )
      .describe('Cards of pods, by RunPod’s catalogue; empty where that was never read.'),
    storage: z.array(
      z.object({
        id: z.string(),
        what: z.string(),
        microsPerGbMonth: micros,
        asOf: z.string(),
        source: z.string(),
      }),
    ),
  })
  .meta({ id: 'Prices' });

export type PricesView = z.infer<typeof pricesSchema>;

export const budgetsSchema = z
  .object({
    budgets: z.array(
      z.object({
        name: z.string(),
        per: z.enum(['day', 'month']),
        endpoint: z.string().optional(),
        key: z.string().optional(),
        isOfSpill: z.boolean().describe("The `maxCostPerDay` of an endpoint's spill rule."),
        limitMicros: micros,
        spentMicros: micros,
        reservedMicros: micros.describe('Expected of attempts that go on.'),
        possibleMicros: micros.describe(
          'What submits whose answer was lost may have cost, at most, while nobody knows. No more of it is left to spend.',
        ),
        alertAt: z.array(z.int()).describe('Per cent of the limit.'),
        hardStop: z.boolean().describe('Nothing more is spent once it is used up.'),
        isUsedUp: z.boolean(),
        endsAt: z.int().describe('When it begins anew. Epoch milliseconds.'),
      }),
    ),
  })
  .meta({ id: 'Budgets' });

export type BudgetsView = z.infer<typeof budgetsSchema>;

export const ESTIMATE_LIMITS = { jobs: { min: 1, max: 100_000_000 } } as const;

export const estimateRequestSchema = z
  .strictObject({
    endpoint: z.string().min(1),
    jobs: z.int().min(ESTIMATE_LIMITS.jobs.min).max(ESTIMATE_LIMITS.jobs.max).describe('How many.'),
  })
  .meta({ id: 'EstimateRequest' });

export const estimateSchema = z
  .object({
    endpoint: z.string(),
    jobs: z.int(),
    places: z.array(
      z.object({
        place: z
          .enum(['local', 'pool', 'runpod'])
          .describe(
            'All of them there. `pool`: workers that connect by themselves, where they have a price of their own.',
          ),
        remoteEndpoint: z.string().describe('Id of the endpoint at RunPod.').optional(),
        share: z
          .number()
          .describe('Of the results of the last 30 days, from 0 to 1; absent where there were none.')
          .optional(),
        measuredAttempts: count.describe(
          'What it rests on: attempts that brought a result, the latest ones.',
        ),
        meanMs: ms.describe('Of one attempt; absent where none was measured.').optional(),
        p50Ms: ms.describe('Absent where only sums are left.').optional(),
        p95Ms: ms.optional(),
        atOnce: count.describe('Jobs that run at once there, at most.'),
        durationMs: ms.describe('Of all of them, once workers are there.').optional(),
        priceClass: z.string().optional(),
        microsPerHour: micros.describe('Of a worker; absent where it is not known.').optional(),
        expectedMicros: micros.describe('By the mean, with failed attempts as often as before.').optional(),
        highMicros: micros.describe('If each took as long as the 95th of 100.').optional(),
        mostMicros: micros.describe('If each ran into its execution timeout, once.').optional(),
        besideMicros: micros
          .describe(
            'What RunPod’s bills of this month had beside so many attempts; in none of the other figures.',
          )
          .optional(),
        notes: z.array(z.string()),
      }),
    ),
    mix: z
      .object({
        expectedMicros: micros.describe('Spread over the places by their shares.').optional(),
        cheapestMicros: micros.describe('All of them in the cheapest place.').optional(),
        dearestMicros: micros.describe('All of them in the dearest place.').optional(),
      })
      .describe('Of all places; what is not known of one of them is absent.'),
  })
  .meta({ id: 'Estimate' });

export type EstimateView = z.infer<typeof estimateSchema>;
export type EstimatedPlace = EstimateView['places'][number];
