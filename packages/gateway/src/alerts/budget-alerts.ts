import type { LoggedEvent } from '../events/event-log.ts';
import type { BudgetAlert } from '../usage/budgets.ts';
import { dollarsText } from '../usage/money.ts';
import { DAY_MS, dayText } from '../usage/periods.ts';
import type { UsageStore } from '../usage/sqlite/usage-store.ts';

/**
 * Tells that a budget's threshold was reached: an event, a line of the log, and a webhook through the outbox. That it was
 * told is kept with the webhook in one transaction, so a crash tells it again or for good, and never loses it.
 */
export interface BudgetAlertsOptions {
  readonly store: Pick<UsageStore, 'tell'>;
  readonly now: () => number;
  readonly emit: (event: LoggedEvent) => void;
  readonly log: { warn(fields: object, message: string): void };
  readonly pokeWebhooks: () => void;
  readonly onError: (error: unknown) => void;
}

export function createBudgetAlerts(options: BudgetAlertsOptions): (alert: BudgetAlert) => void {
  const { store, now, emit, log, pokeWebhooks, onError } = options;
  return (alert) => {
    const { state, percent, period } = alert;
    const { name, endpoint, webhook } = state.budget;
    const at = now();
    const reason = describeAlert(alert);
    log.warn({ budget: name, percent, ...(endpoint === undefined ? {} : { endpoint }) }, reason);
    emit({ type: 'budget.alert', at, endpoint: endpoint ?? '', budget: name, percent, reason });
    const delivery = webhook === undefined ? undefined : { url: webhook, body: alertBody(alert, at) };
    store
      .tell({ budget: name, period, percent, at }, delivery)
      .then(() => delivery && pokeWebhooks())
      .catch(onError);
  };
}

function describeAlert({ state, percent }: BudgetAlert): string {
  const { budget, spentMicros } = state;
  const { name, limitMicros, per, isHardStop } = budget;
  const spent = `${dollarsText(spentMicros)} of ${dollarsText(limitMicros)} of this ${per} are spent`;
  const isOver = spentMicros >= limitMicros;
  const stop = isOver && isHardStop ? '; nothing more is spent until it begins anew' : '';
  return `the budget ${name} has reached ${percent} %: ${spent}${stop}`;
}

function alertBody(alert: BudgetAlert, at: number): string {
  const { state, percent, period } = alert;
  const { budget, spentMicros, endsAt } = state;
  const { name, per, endpoint, keyId, limitMicros, isHardStop } = budget;
  return JSON.stringify({
    ...{ type: 'budget.alert', at, budget: name, percent, per, period: dayText(period / DAY_MS), endsAt },
    ...{ endpoint, key: keyId, limitMicros, spentMicros, hardStop: isHardStop },
    message: describeAlert(alert),
  });
}
