import type { UsageRow } from '../jobs/usage-row.ts';
import {
  type Admission,
  type Budget,
  type BudgetState,
  decideAdmission,
  describeBlock,
  type ExpectedCost,
  leftOf,
  type Reserve,
  reachedThresholds,
  reserveOf,
} from './budget.ts';
import { DAY_MS, periodEnd, periodStart } from './periods.ts';
import type { RemoteLine } from './remote-lines.ts';
import { costOfLife, type WorkerLife } from './worker-life.ts';

/** A threshold of a budget that was reached just now. */
export interface BudgetAlert {
  readonly state: BudgetState;
  readonly percent: number;
  /** Start of the day or month. */
  readonly period: number;
}

export interface BudgetsOptions {
  readonly budgets: readonly Budget[];
  readonly now: () => number;
  /** Lives of paid workers that reach into this month. */
  readonly lives: () => Iterable<WorkerLife>;
  /** What endpoints at RunPod cost beside their attempts, by day of this month. */
  readonly remoteLines: () => Iterable<RemoteLine>;
  /** What is to be expected of such lines, on top of what they have: of attempts that ended and are on no bill yet. */
  readonly unbilled: () => Iterable<Unbilled>;
  /** What submits may have cost that were never answered, while nobody knows. */
  readonly possible: () => Iterable<Possible>;
  /** What the rows of a budget's attempts come to since then; asked at the start. */
  readonly spentSince: (budget: Budget, since: number) => number;
  readonly expected: (endpoint: string) => ExpectedCost;
  /** Thresholds that were told in that period already. */
  readonly told: (budget: string, period: number) => Iterable<number>;
}

/** What workers at RunPod are expected to have cost beside an endpoint's attempts of a day. */
export interface Unbilled {
  readonly endpoint: string;
  readonly day: number;
  readonly micros: number;
}

/** What submits of a day may have cost that were never answered. */
export interface Possible extends Unbilled {
  readonly keyId?: string | undefined;
}

interface Account {
  readonly budget: Budget;
  period: number;
  /** Of attempts: at RunPod, and for a key also here. */
  attemptMicros: number;
  readonly told: Set<number>;
}

interface Reservation extends Reserve {
  readonly endpoint: string;
  readonly keyId: string | undefined;
}

/** Work that is about to be paid for. */
export interface Spender {
  readonly endpoint: string;
  readonly keyId?: string | undefined;
}

export type Budgets = BudgetBook;

export function createBudgets(options: BudgetsOptions): Budgets {
  return new BudgetBook(options);
}

/** What is spent of every budget, kept up with each attempt that ends, and what is set aside for those that go on. */
export class BudgetBook {
  readonly #options: BudgetsOptions;
  readonly #accounts: readonly Account[];
  readonly #reserved = new Map<string, Reservation>();

  constructor(options: BudgetsOptions) {
    this.#options = options;
    this.#accounts = options.budgets.map((budget) => {
      const period = periodStart(options.now(), budget.per);
      const told = new Set(options.told(budget.name, period));
      return { budget, period, attemptMicros: options.spentSince(budget, period), told };
    });
  }

  states(): readonly BudgetState[] {
    return this.#accounts.map((account) => this.#stateOf(account));
  }

  /** Sets aside what the attempt is expected to cost; false where there is too little. */
  reserve(workerId: string, spender: Spender): boolean {
    const decision = this.#admission(spender);
    if (decision.type === 'blocked') return false;
    this.#reserve(workerId, spender, decision.reserve);
    return true;
  }

  /** For an attempt that runs already, whatever is left. */
  keep(workerId: string, spender: Spender): void {
    if (this.#accounts.length > 0) this.#reserve(workerId, spender, this.#options.expected(spender.endpoint));
  }

  release(workerId: string): void {
    this.#reserved.delete(workerId);
  }

  /** Why such work is not paid for now, as a clause; undefined where it is. */
  obstacle(spender: Spender): string | undefined {
    const decision = this.#admission(spender);
    if (decision.type === 'admitted') return undefined;
    return describeBlock(decision.by, this.#options.expected(spender.endpoint));
  }

  /** While no work of the endpoint is paid for: when a budget begins anew. */
  blockedUntil(endpoint: string): number | undefined {
    const decision = this.#admission({ endpoint });
    return decision.type === 'blocked' ? decision.by.endsAt : undefined;
  }

  /** Keys whose jobs are not paid for now, though others' are. */
  blockedKeys(endpoint: string): readonly string[] {
    return this.#accounts.flatMap(({ budget: { keyId } }) =>
      keyId !== undefined && this.#admission({ endpoint, keyId }).type === 'blocked' ? [keyId] : [],
    );
  }

  /** Why workers of ours that cost something get no jobs: a budget is used up, whatever comes of what is set aside. */
  stopOf(endpoint: string): string | undefined {
    for (const account of this.#accounts) {
      const { budget } = account;
      if (!budget.isHardStop || budget.isOfSpill || budget.keyId !== undefined) continue;
      if (!isFor(budget, { endpoint })) continue;
      const state = this.#stateOf(account);
      if (leftOf({ ...state, reservedMicros: 0 }) <= 0) return describeBlock(state);
    }
    return undefined;
  }

  /** An attempt ended, and its row is on disk. */
  note(row: UsageRow): void {
    this.#reserved.delete(row.workerId);
    for (const account of this.#accounts) {
      const { budget, period } = this.#current(account);
      // What workers of ours cost is their lives.
      const isCounted = row.backend === 'runpod' || (budget.keyId !== undefined && !budget.isOfSpill);
      if (isCounted && isFor(budget, row) && row.endedAt >= period)
        account.attemptMicros += row.costMicros ?? 0;
    }
  }

  /** Thresholds that are reached and were not told; each is given once. */
  alerts(): readonly BudgetAlert[] {
    return this.#accounts.flatMap((account) => {
      if (account.budget.alertAt.length === 0) return [];
      const state = this.#stateOf(account);
      const fresh = reachedThresholds(state).filter((percent) => !account.told.has(percent));
      for (const percent of fresh) account.told.add(percent);
      return fresh.map((percent) => ({ state, percent, period: account.period }));
    });
  }

  #admission(spender: Spender): Admission {
    if (this.#accounts.length === 0) return { type: 'admitted', reserve: { micros: 0, besideMicros: 0 } };
    const states = this.#accounts
      .filter(({ budget }) => isFor(budget, spender))
      .map((account) => this.#stateOf(account));
    return decideAdmission(states, this.#options.expected(spender.endpoint));
  }

  #reserve(workerId: string, { endpoint, keyId }: Spender, { micros, besideMicros }: Reserve): void {
    if (micros + besideMicros > 0) this.#reserved.set(workerId, { endpoint, keyId, micros, besideMicros });
  }

  #current(account: Account): Account {
    const period = periodStart(this.#options.now(), account.budget.per);
    if (period > account.period) {
      account.period = period;
      account.attemptMicros = 0;
      account.told.clear();
    }
    return account;
  }

  /**
   * When the lives of workers alone bring a budget to its limit or to a threshold that was not told, or one begins anew:
   * the first such time up to `until`.
   */
  nextChangeAt(until: number): number | undefined {
    const now = this.#options.now();
    const times = this.#accounts.flatMap((account) => {
      const { budget, spentMicros, possibleMicros, endsAt } = this.#stateOf(account);
      const last = Math.min(until, endsAt);
      const marks = [
        ...(budget.isHardStop ? [budget.limitMicros - possibleMicros] : []),
        ...budget.alertAt
          .filter((one) => !account.told.has(one))
          .map((one) => (budget.limitMicros * one) / 100),
      ].filter((mark) => mark > spentMicros);
      const livesNow = this.#livesOf(budget, account.period, now);
      const reached = marks.map((mark) =>
        firstTime(
          now,
          last,
          (at) => spentMicros - livesNow + this.#livesOf(budget, account.period, at) >= mark,
        ),
      );
      return [...reached, endsAt].filter((at) => at !== undefined && at <= until) as number[];
    });
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #stateOf(account: Account): BudgetState {
    const { budget, period, attemptMicros } = this.#current(account);
    const now = this.#options.now();
    let reservedMicros = this.#unbilledOf(budget, period);
    for (const one of this.#reserved.values())
      if (isFor(budget, one)) reservedMicros += reserveOf(budget, one);
    const spentMicros = attemptMicros + this.#livesOf(budget, period, now) + this.#linesOf(budget, period);
    let possibleMicros = 0;
    for (const one of this.#options.possible())
      if (one.day * DAY_MS >= period && isFor(budget, one)) possibleMicros += one.micros;
    return { budget, spentMicros, reservedMicros, possibleMicros, endsAt: periodEnd(now, budget.per) };
  }

  #livesOf({ endpoint, keyId, isOfSpill }: Budget, since: number, until: number): number {
    if (keyId !== undefined || isOfSpill) return 0;
    let sum = 0;
    for (const life of this.#options.lives())
      if (endpoint === undefined || life.endpoint === endpoint) sum += costOfLife(life, since, until);
    return sum;
  }

  #unbilledOf({ endpoint, keyId }: Budget, since: number): number {
    if (keyId !== undefined) return 0;
    let sum = 0;
    for (const one of this.#options.unbilled())
      if (one.day * DAY_MS >= since && (endpoint === undefined || one.endpoint === endpoint))
        sum += one.micros;
    return sum;
  }

  /** Start-up and idle time there is nobody's job, so it is in no key's budget; volumes cost whether jobs go there or not. */
  #linesOf({ endpoint, keyId, isOfSpill }: Budget, since: number): number {
    if (keyId !== undefined) return 0;
    let sum = 0;
    for (const line of this.#options.remoteLines()) {
      if (line.day * DAY_MS < since || (endpoint !== undefined && line.endpoint !== endpoint)) continue;
      if (!(isOfSpill && line.kind === 'runpod-volumes')) sum += line.costMicros;
    }
    return sum;
  }
}

/** The first time after `from` and up to `until` at which it is true; once true it stays so. */
function firstTime(from: number, until: number, isTrue: (at: number) => boolean): number | undefined {
  if (until <= from || !isTrue(until)) return undefined;
  let [before, after] = [from, until];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (isTrue(middle)) after = middle;
    else before = middle;
  }
  return after;
}

function isFor({ endpoint, keyId }: Budget, spender: Spender): boolean {
  if (endpoint !== undefined && endpoint !== spender.endpoint) return false;
  return keyId === undefined || keyId === spender.keyId;
}
