import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { openDatabase } from '../db/open.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import type { FleetChange } from '../fleet/fleet.ts';
import { createUsageMeter } from './attempt-meter.ts';
import type { Budget } from './budget.ts';
import type { BudgetAlert } from './budgets.ts';
import { createLedger } from './ledger.ts';
import { microsOf } from './money.ts';
import { createPriceBook } from './prices.ts';
import { createUsageStore } from './sqlite/usage-store.ts';

// A gateway that dies and its successor, over one database; a worker here costs $3.60 an hour.

const MINUTE = 60_000;
const endpoint = newTestEndpoint({ name: 'echo' });
const budget: Budget = {
  ...{ name: 'box', per: 'month', limitMicros: microsOf(0.6), alertAt: [50, 100], isHardStop: true },
};

test('what a worker had cost when its gateway died is known to the next one, and no alert is told again', async () => {
  const clock = createManualClock();
  const db = openDatabase(':memory:');
  const store = createUsageStore(db);
  const prices = createPriceBook({ local: microsOf(3.6), pool: 0, runpod: {} });
  const open = () => {
    const alerts: BudgetAlert[] = [];
    const listeners: ((change: FleetChange) => void)[] = [];
    const ledger = createLedger({
      ...{ store, prices, clock, budgets: [budget], retentionMs: 1e12 },
      meter: createUsageMeter({ endpoints: [endpoint], prices, backendOf: () => 'process' }),
      endpoints: { get: () => endpoint, names: () => ['echo'] },
      queue: { watch: () => {} },
      fleet: { onChange: (listener) => listeners.push(listener) },
      onAlert(alert) {
        alerts.push(alert);
        void store.tell(
          { budget: 'box', period: alert.period, percent: alert.percent, at: clock.now() },
          undefined,
        );
      },
      onStopChange: () => {},
      onError: (error) => {
        throw error;
      },
    });
    ledger.start();
    return { ledger, alerts, tell: (change: FleetChange) => listeners.map((listener) => listener(change)) };
  };
  const spent = ({ ledger }: ReturnType<typeof open>) => ledger.budgets.states()[0]?.spentMicros;

  const first = open();
  first.tell({
    endpoint: 'echo',
    worker: {
      ...{ id: 'w1', endpoint: 'echo', backend: 'process', state: 'initializing', jobs: 0 },
      startedAt: clock.now(),
    },
  });
  await clock.advance(6 * MINUTE);
  expect(spent(first)).toBe(microsOf(0.36));
  expect(first.alerts.map(({ percent }) => percent)).toEqual([50]);
  await first.ledger.stop();

  // It ended with its gateway, whenever the next one starts: it is not paid for in between.
  await clock.advance(60 * MINUTE);
  const second = open();
  expect(spent(second)).toBe(microsOf(0.36));
  await clock.advance(5 * MINUTE);
  expect(spent(second)).toBe(microsOf(0.36));
  expect(second.alerts).toEqual([]);
  expect(second.ledger.stopOf('echo')).toBeUndefined();
  await second.ledger.stop();
  expect(clock.pending()).toEqual([]);
});
