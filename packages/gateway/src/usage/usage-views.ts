import type { BudgetsView, EstimateView, PricesView, UsageView } from '@spillway/protocol/v1';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { RUNPOD_POOLS } from '../fleet/gpu/runpod-pools.ts';
import { leftOf } from './budget.ts';
import { estimateJobs } from './estimate.ts';
import type { Ledger } from './ledger.ts';
import { microsOf } from './money.ts';
import type { PriceBook } from './prices.ts';
import type { IdleTimes } from './remote-lines.ts';
import type { AttemptCost, UsageStore } from './sqlite/usage-store.ts';
import { STORAGE_PRICES } from './storage-prices.ts';
import { type ReadAside, readUsage, type UsageQuery } from './usage-report.ts';

/** What callers are shown of costs. */
export interface UsageViews {
  usage(query: UsageQuery): Promise<UsageView>;
  /** `connected`: workers that connected by themselves. */
  estimate(endpoint: Endpoint, jobs: number, connected: number): Promise<EstimateView>;
  prices(): PricesView;
  /** Those of endpoints that may be seen, and those of all endpoints where all may. */
  budgets(maySee: (endpoint: string | undefined) => boolean): BudgetsView;
  /** What the attempts of a job cost, by number; none where nothing costs. */
  costsOf(job: { readonly id: string; readonly endpoint: string }): ReadonlyMap<number, AttemptCost>;
}

export function createUsageViews(parts: {
  readonly ledger: Ledger;
  readonly prices: PriceBook;
  readonly store: UsageStore;
  readonly read: ReadAside;
  readonly isMetered: (endpoint: string) => boolean;
  readonly idle: IdleTimes;
  readonly now: () => number;
}): UsageViews {
  const { ledger, prices, store, read, now } = parts;
  return {
    usage: (query) => readUsage(read, query, now(), parts.idle),
    estimate: (endpoint, jobs, connected) =>
      estimateJobs({ endpoint, jobs, connected }, { read, prices, now: now() }),
    prices: () => viewPrices(prices),
    budgets: (maySee) => viewBudgets(ledger, maySee),
    costsOf: ({ id, endpoint }) =>
      new Map(parts.isMetered(endpoint) ? store.ofJob(id).map((cost) => [cost.number, cost]) : []),
  };
}

const HOUR_S = 3_600;

function viewPrices(prices: PriceBook): PricesView {
  return {
    workers: prices.list().map(({ class: name, microsPerHour, asOf, source }) => {
      const active = RUNPOD_POOLS.find(({ id }) => id === name)?.activePerSecond;
      return {
        ...{ class: name, microsPerHour },
        ...(active === undefined ? {} : { activeMicrosPerHour: microsOf(active) * HOUR_S }),
        ...(asOf === undefined ? {} : { asOf }),
        source,
      };
    }),
    storage: STORAGE_PRICES.map(({ id, what, microsPerGbMonth, price }) => ({
      ...{ id, what, microsPerGbMonth },
      ...price,
    })),
  };
}

function viewBudgets({ budgets }: Ledger, maySee: (endpoint: string | undefined) => boolean): BudgetsView {
  return {
    budgets: budgets
      .states()
      .filter(({ budget }) => maySee(budget.endpoint))
      .map((state) => {
        const { budget, spentMicros, reservedMicros, endsAt } = state;
        const { name, per, endpoint, keyId, limitMicros, alertAt, isHardStop, isOfSpill = false } = budget;
        return {
          ...{ name, per, isOfSpill, limitMicros, spentMicros, reservedMicros, alertAt: [...alertAt] },
          ...(endpoint === undefined ? {} : { endpoint }),
          ...(keyId === undefined ? {} : { key: keyId }),
          ...{ hardStop: isHardStop, isUsedUp: leftOf({ ...state, reservedMicros: 0 }) <= 0, endsAt },
        };
      }),
  };
}
