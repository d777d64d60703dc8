import { z } from 'zod';
import type { Budget } from '../usage/budget.ts';
import { NO_PRICES, POOL_NAMES, type PriceSettings } from '../usage/prices.ts';
import { isRunpod } from './backends-field.ts';
import type { Block, Finding } from './cross-check.ts';
import { count, dollars, hints } from './fields.ts';

/** What workers cost and how much may be spent: the keys `prices` and `budgets`. */
const NAME = /^[A-Za-z0-9][\w-]{0,62}$/;

const hourly = (description: string) => dollars(description, { min: 0, max: 1_000 });

export const prices = z
  .strictObject({
    local: hourly('Dollars for an hour of a worker that runs on this machine.').prefault(0),
    pool: hourly('Dollars for an hour of a worker that connects by itself.').prefault(0),
    runpod: z
      .partialRecord(
        z.enum(POOL_NAMES as [string, ...string[]]),
        hourly(
          "Dollars for an hour of a worker with one card of this pool, where it is not the table's price.",
        ),
      )
      .register(hints, {
        expected: `prices by pool (${POOL_NAMES.join(', ')})`,
        fix: () => 'write the pool and dollars for an hour, such as `ADA_24: 1.10`',
      })
      .prefault({}),
  })
  .prefault({})
  .describe(
    'What workers cost, where that is not known: of this machine, and other prices than the table has.',
  );

const percent = z
  .array(count({ min: 1, max: 1_000 }, 'Per cent of the limit.'))
  .prefault([50, 80, 100])
  .describe('Per cent of the limit at which somebody is told.');

const budget = z.strictObject({
  limit: dollars('US dollars that may be spent.'),
  per: z
    .enum(['day', 'month'])
    .prefault('month')
    .register(hints, { expected: '`day` or `month`', fix: () => 'write `per: month`' })
    .describe('A day or a month, by UTC.'),
  endpoint: z
    .string()
    .register(hints, { expected: 'the name of an endpoint', fix: () => 'write a name of `endpoints`' })
    .describe('Only what is spent on this endpoint.')
    .optional(),
  key: z
    .string()
    .min(1)
    .register(hints, { expected: 'the id of a key', fix: () => 'write an id that `spillway keys` shows' })
    .describe('Only what jobs cost that were submitted with this key.')
    .optional(),
  alertAt: percent,
  hardStop: z
    .boolean()
    .prefault(true)
    .register(hints, { expected: 'true or false', fix: () => 'write `true` or `false`' })
    .describe('Nothing more is spent once it is used up; jobs wait and say so. `false`: it only tells.'),
  webhook: z
    .url({ protocol: /^https?$/, abort: true })
    .register(hints, { expected: 'an http or https address', fix: () => 'write where alerts are sent to' })
    .describe('Is sent each alert, signed like other webhooks.')
    .optional(),
});

export const budgets = z
  .record(z.string(), budget)
  .meta({
    description: 'How much may be spent, by names of your own.',
    propertyNames: { pattern: NAME.source },
  })
  .prefault({});

type ParsedBudgets = z.output<typeof budgets>;

export function toPrices(parsed: z.output<typeof prices>): PriceSettings {
  return { ...NO_PRICES, ...parsed, runpod: parsed.runpod as PriceSettings['runpod'] };
}

/** The budgets of the file, then those that spill rules are. */
export function toBudgets(
  parsed: ParsedBudgets,
  endpoints: readonly {
    readonly name: string;
    readonly remote?: { readonly maxCostPerDayMicros?: number };
  }[],
): readonly Budget[] {
  const named = Object.entries(parsed).map(([name, one]): Budget => {
    const { limit, per, endpoint, key, alertAt, hardStop, webhook } = one;
    return {
      ...{ name, per, limitMicros: limit, alertAt, isHardStop: hardStop },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(key === undefined ? {} : { keyId: key }),
      ...(webhook === undefined ? {} : { webhook }),
    };
  });
  const ofSpill = endpoints.flatMap(({ name, remote }): Budget[] => {
    const limitMicros = remote?.maxCostPerDayMicros;
    if (limitMicros === undefined) return [];
    const rule = { limitMicros, per: 'day', alertAt: [], isHardStop: true, isOfSpill: true } as const;
    return [{ ...rule, name: `${name} spill`, endpoint: name }];
  });
  return [...named, ...ofSpill];
}

/** Whether budgets name endpoints that exist, and everything that they count has a price. */
export function findBudgetProblems({ budgets: given, endpoints }: Block): Finding[] {
  const blocks = entriesOf(given);
  const named = entriesOf(endpoints);
  return [
    ...blocks.flatMap(([name, { endpoint }]): Finding[] => {
      const message = `expected a name of 1 to 63 letters, digits, _ and -, found ${JSON.stringify(name)}`;
      if (!NAME.test(name))
        return [{ path: ['budgets', name], message, fix: 'rename it, such as `gpu-month`' }];
      if (typeof endpoint !== 'string' || named.some(([one]) => one === endpoint)) return [];
      const missing = `expected the name of an endpoint, found ${JSON.stringify(endpoint)}`;
      return [
        {
          path: ['budgets', name, 'endpoint'],
          message: missing,
          fix: `write one of ${named.map(([one]) => one).join(', ') || 'those you add to `endpoints`'}`,
        },
      ];
    }),
    ...named.flatMap(([name, block]) => findPriceless(name, block, blocks)),
  ];
}

/** Money can be counted only where the price is known. */
function findPriceless(name: string, block: Block, blocks: readonly [string, Block][]): Finding[] {
  const backends: readonly unknown[] = Array.isArray(block.backends) ? block.backends : [];
  const at = backends.findIndex(isRunpod);
  const remote = Object(Object(backends[at]).runpod) as Block;
  const made: unknown = Object(Object(block.deploy).gpu).pools;
  const isKnown = remote.gpuPool !== undefined || (Array.isArray(made) && made.length === 1);
  if (at < 0 || isKnown) return [];
  const counts = blocks.find(([, { endpoint }]) => endpoint === undefined || endpoint === name);
  const isLimited = Object(block.spill).maxCostPerDay !== undefined;
  if (!counts && !isLimited) return [];
  const who = isLimited ? '`maxCostPerDay`' : `the budget ${counts?.[0]}`;
  return [
    {
      path: ['endpoints', name, 'backends', String(at), 'runpod', 'gpuPool'],
      message: `expected the pool of its cards, since ${who} counts what they cost, found nothing`,
      fix: 'write the pool that the endpoint was given at RunPod, such as `gpuPool: ADA_24`',
    },
  ];
}

function entriesOf(value: unknown): [string, Block][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([name, block]) => [name, Object(block) as Block]);
}
