import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';
import { createBudgetAlerts } from './alerts/budget-alerts.ts';
import type { GatewayConfig } from './config/index.ts';
import type { EndpointDirectory } from './endpoints/endpoint-directory.ts';
import type { EventLog } from './events/event-log.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { JobEngine } from './jobs/engine.ts';
import type { AttemptMeter } from './jobs/usage-row.ts';
import type { SpillCosts } from './remote/spill-options.ts';
import type { HostEnv } from './remote-accounts.ts';
import { createRemoteBills } from './remote-bills.ts';
import { createRemotePrices } from './remote-prices.ts';
import { createUsageMeter } from './usage/attempt-meter.ts';
import { createLedger, type Ledger } from './usage/ledger.ts';
import { createPriceBook } from './usage/prices.ts';
import { createUsageStore } from './usage/sqlite/usage-store.ts';
import { createUsageViews, type UsageViews } from './usage/usage-views.ts';

/** The part of the composition root that wires what work costs: before the job engine, then around it. */
export interface CostParts {
  readonly engine: Pick<JobEngine, 'queue' | 'exclusive' | 'readAside'> & {
    /** Its own hold on deliveries to workers here. */
    readonly dispatcher: Pick<JobEngine['dispatcher'], 'pause' | 'resume'>;
  };
  readonly fleet: Pick<Fleet, 'onChange'>;
  readonly events: EventLog;
  readonly pokeWebhooks: () => void;
  /** Whether jobs are delivered may have changed. */
  readonly onStopChange: () => void;
}

export interface GatewayCosts {
  readonly ledger: Ledger;
  readonly views: UsageViews;
  /** Follows budgets, and what RunPod bills. */
  start(): void;
  stop(): Promise<void>;
  readonly spill: SpillCosts;
  /** The endpoint's jobs are not delivered: paused, or its workers cost what may not be spent. */
  isHeld(endpoint: string): boolean;
  /** The latter. */
  isUnpaid(endpoint: string): boolean;
}

export function createGatewayCosts(options: {
  readonly config: Pick<GatewayConfig, 'prices' | 'budgets' | 'retention'>;
  readonly endpoints: EndpointDirectory;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly fleet: () => Pick<Fleet, 'worker'>;
  /** May hold a key that may read bills (default: this process's). */
  readonly env?: HostEnv | undefined;
  readonly fetch?: typeof fetch;
  /** Where RunPod's catalogue of prices is kept. */
  readonly catalogueFile?: string;
}): { readonly meter: AttemptMeter | undefined; open(db: DatabaseSync, parts: CostParts): GatewayCosts } {
  const { config, endpoints, clock, log, fleet } = options;
  const reach = { env: options.env ?? process.env, fetch: options.fetch };
  const catalogue = createRemotePrices({
    ...{ endpoints, clock, ...reach, file: options.catalogueFile },
    onProblem: (problem) =>
      log.warn({ problem }, "RunPod's catalogue of prices could not be read; those known before hold"),
  });
  const prices = createPriceBook(config.prices, catalogue.current);
  const backendOf = (workerId: string) => fleet().worker(workerId)?.backend;
  const meter = createUsageMeter({ endpoints, prices, backendOf });
  return {
    // Without it the job store does not ask at all.
    meter: meter.isUsed ? meter : undefined,
    open(db, { engine, fleet: changes, events, pokeWebhooks, onStopChange }) {
      const store = createUsageStore(db, engine.exclusive);
      const onError = (error: unknown) =>
        log.error({ err: error }, 'what was spent could not be written; it goes on');
      const ledger = createLedger({
        ...{ store, meter, prices, endpoints, clock, onError, queue: engine.queue, fleet: changes },
        budgets: config.budgets,
        retentionMs: config.retention.usageMs,
        onAlert: createBudgetAlerts({
          ...{ store, log, pokeWebhooks, onError },
          now: () => clock.now(),
          emit: events.append,
        }),
        onStopChange(endpoint, isStopped) {
          if (isStopped) engine.dispatcher.pause(endpoint);
          else engine.dispatcher.resume(endpoint);
          onStopChange();
        },
      });
      const { budgets } = ledger;
      const bills = createRemoteBills({
        ...{ db, engine, endpoints, clock, ledger, log },
        ...{ ...reach, retentionMs: config.retention.usageMs },
      });
      return {
        ledger,
        start() {
          ledger.start();
          bills.start();
          catalogue.start();
        },
        async stop() {
          await Promise.all([bills.stop(), catalogue.stop()]);
          await ledger.stop();
        },
        views: createUsageViews({
          ...{ ledger, prices, catalogue, store, isMetered: meter.isMetered },
          ...{ read: engine.readAside, remotes: bills.settings },
          now: () => clock.now(),
        }),
        isHeld: (name) => endpoints.isPaused(name) || ledger.stopOf(name) !== undefined,
        isUnpaid: (name) => ledger.stopOf(name) !== undefined,
        spill: {
          reserve: (workerId, job) => budgets.reserve(workerId, job),
          keep: (workerId, job) => budgets.keep(workerId, job),
          release: (workerId) => budgets.release(workerId),
          obstacle: (job) => budgets.obstacle(job),
          blockedUntil: (endpoint) => budgets.blockedUntil(endpoint),
          blockedKeys: (endpoint) => budgets.blockedKeys(endpoint),
          note: meter.noteRemote,
        },
      };
    },
  };
}
