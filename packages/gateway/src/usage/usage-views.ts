import type { BudgetsView, EstimateView, PricesView, UsageView } from '@spillway/protocol/v1';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { RUNPOD_POOLS, type RunPodPool } from '../fleet/gpu/runpod-pools.ts';
import { leftOf } from './budget.ts';
import type { CatalogueState, LiveCatalogue } from './catalogue/live-catalogue.ts';
import { estimateJobs } from './estimate-jobs.ts';
import type { Ledger } from './ledger.ts';
import { microsOf } from './money.ts';
import type { PriceBook } from './prices.ts';
import type { ReadAside } from './sqlite/read-aside.ts';
import type { AttemptCost, UsageStore } from './sqlite/usage-store.ts';
import { STORAGE_PRICES } from './storage-prices.ts';
import { type RemoteSettings, readUsage, type UsageQuery } from './usage-report.ts';

/** What callers are shown of costs. */
export interface UsageViews {
  usage(query: UsageQuery): Promise<UsageView>;
  /** `connected`: workers that connected by themselves. */
  estimate(endpoint: Endpoint, jobs: number, connected: number): Promise<EstimateView>;
  prices(): PricesView;
  /** The same after RunPod was asked for its prices, where a key is known. */
  refreshPrices(): Promise<PricesView>;
  /** RunPod's pools at the prices that are known now. */
  pools(): readonly RunPodPool[];
  /** Those of endpoints that may be seen, and those of all endpoints where all may. */
  budgets(maySee: (endpoint: string | undefined) => boolean): BudgetsView;
  /** What the attempts of a job cost, by number; none where nothing costs. */
  costsOf(job: { readonly id: string; readonly endpoint: string }): ReadonlyMap<number, AttemptCost>;
}

export function createUsageViews(parts: {
  readonly ledger: Ledger;
  readonly prices: PriceBook;
  readonly catalogue: LiveCatalogue;
  readonly store: UsageStore;
  readonly read: ReadAside;
  readonly isMetered: (endpoint: string) => boolean;
  readonly remotes: RemoteSettings;
  readonly now: () => number;
}): UsageViews {
  const { ledger, prices, catalogue, store, read, now } = parts;
  return {
    usage: (query) => readUsage(read, query, now(), parts.remotes),
    estimate: (endpoint, jobs, connected) =>
      estimateJobs(
        { endpoint, jobs, connected },
        { read, prices, now: now(), billedBeside: (name) => ledger.billedBeside(name) },
      ),
    prices: () => viewPrices(prices, catalogue.state()),
    async refreshPrices() {
      await catalogue.refresh();
      return viewPrices(prices, catalogue.state());
    },
    pools: prices.pools,
    budgets: (maySee) => viewBudgets(ledger, maySee),
    costsOf: ({ id, endpoint }) =>
      new Map(parts.isMetered(endpoint) ? store.ofJob(id).map((cost) => [cost.number, cost]) : []),
  };
}

const HOUR_S = 3_600;

function viewPrices(prices: PriceBook, { catalogue, problem, hasKey }: CatalogueState): PricesView {
  return {
    catalogue: {
      hasKey,
      ...(catalogue ? { readAt: catalogue.readAt, url: catalogue.url } : {}),
      ...(problem === undefined ? {} : { problem }),
    },
    pods: catalogue?.pods ?? [],
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
        const { budget, spentMicros, reservedMicros, possibleMicros, endsAt } = state;
        const { name, per, endpoint, keyId, limitMicros, alertAt, isHardStop, isOfSpill = false } = budget;
        return {
          ...{ name, per, isOfSpill, limitMicros, spentMicros, reservedMicros, possibleMicros },
          alertAt: [...alertAt],
          ...(endpoint === undefined ? {} : { endpoint }),
          ...(keyId === undefined ? {} : { key: keyId }),
          ...{ hardStop: isHardStop, isUsedUp: leftOf({ ...state, reservedMicros: 0 }) <= 0, endsAt },
        };
      }),
  };
}
