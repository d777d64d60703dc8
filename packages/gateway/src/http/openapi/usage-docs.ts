import {
  budgetsSchema,
  estimateRequestSchema,
  estimateSchema,
  pricesSchema,
  USAGE_GROUPS,
  type UsageGroup,
  usageSchema,
} from '@spillway/protocol/v1';
import { z } from 'zod';
import { dayOf } from '../../usage/periods.ts';
import { ok, type RouteDoc } from './route-doc.ts';

/** What the OpenAPI document says of costs, and the query of `GET /v1/usage`. */
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}/, { error: 'expected a day such as 2026-11-21', abort: true })
  .refine((text) => !Number.isNaN(Date.parse(text)), 'expected a day such as 2026-11-21')
  .transform((text) => dayOf(Date.parse(text)));

const isGroup = (word: string): word is UsageGroup => USAGE_GROUPS.some((group) => group === word);

export const usageQuerySchema = z.object({
  endpoint: z.string().optional(),
  key: z.string().describe('Id of a key; `admin` for the admin’s.').optional(),
  tag: z.string().optional(),
  since: day.describe('First day (UTC); 30 days unless given.').optional(),
  until: day.describe('Last day (UTC); today unless given.').optional(),
  groupBy: z
    .string()
    .default('endpoint')
    .transform((text) => [...new Set(text.split(',').map((word) => word.trim()))])
    .refine((words) => words.every(isGroup), `expected ${USAGE_GROUPS.join(', ')}, or several with commas`)
    .transform((words) => words.filter(isGroup))
    .describe(`${USAGE_GROUPS.join(', ')}, or several of them with commas.`),
  format: z
    .enum(['json', 'csv'], 'expected json or csv')
    .describe('Whatever the header Accept says.')
    .optional(),
});

export const usageDocs = {
  usage: {
    ...{ id: 'showUsage', tag: 'Costs', summary: 'Show what was spent', query: usageQuerySchema },
    description:
      'By endpoint, key, day and tag. As CSV with `format=csv` or `Accept: text/csv`, for download. Days are UTC.',
    answers: {
      200: {
        ...{ description: 'What ended on those days.', schema: usageSchema },
        otherMediaTypes: ['text/csv'],
      },
    },
  },
  prices: {
    ...{ id: 'listPrices', tag: 'Costs', summary: 'List prices, each with its date and source' },
    description:
      'Those of spillway.yaml, else of RunPod’s catalogue as it was read last, else of the table of this version. Nobody is asked.',
    answers: ok('All that are known.', pricesSchema),
  },
  refreshPrices: {
    ...{ id: 'refreshPrices', tag: 'Costs', summary: 'Read RunPod’s catalogue of prices now' },
    description:
      'It is read once a day by itself where jobs may go to RunPod. Where it can’t be read, `catalogue.problem` says why and what was known holds.',
    answers: ok('All that are known then.', pricesSchema),
  },
  budgets: {
    ...{ id: 'listBudgets', tag: 'Costs', summary: 'Show budgets and how much of them is spent' },
    answers: ok('Those that the key may see.', budgetsSchema),
  },
  estimate: {
    ...{ id: 'estimate', tag: 'Costs', summary: 'Estimate what jobs would cost and take' },
    ...{ body: estimateRequestSchema },
    description: 'From attempts that were measured; what was not measured is absent, and a note says so.',
    answers: ok('For each place where they may run.', estimateSchema),
  },
} as const satisfies Record<string, RouteDoc>;
