import type { Clock } from '@spillway/sdk/clock';
import { type Endpoint, remotesOf } from '../endpoints/endpoint.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import type { JobChange } from '../jobs/queue.ts';
import type { UsageRow } from '../jobs/usage-row.ts';
import type { UsageMeter } from './attempt-meter.ts';
import { createBesideAttempts } from './beside-attempts.ts';
import type { Budget, ExpectedCost } from './budget.ts';
import { type BudgetAlert, type Budgets, createBudgets, type Possible } from './budgets.ts';
import { chargedSeconds, costOf } from './money.ts';
import { dayOf, periodStart } from './periods.ts';
import type { PriceBook } from './prices.ts';
import { idleTimeOf, type RemoteLine } from './remote-lines.ts';
import type { UsageStore } from './sqlite/usage-store.ts';
import { costOfLife, type WorkerLife } from './worker-life.ts';

/**
 * What is spent, followed as it is spent: attempts as their ends reach the disk, lives of workers that cost something,
 * budgets and their thresholds. A gateway in which nothing costs anything has no watcher of jobs and no rows, and only
 * forgets what is too old.
 */
export interface LedgerOptions {
  readonly store: UsageStore;
  readonly meter: UsageMeter;
  readonly prices: PriceBook;
  readonly budgets: readonly Budget[];
  readonly endpoints: { get(name: string): Endpoint | undefined; names(): readonly string[] };
  readonly queue: { watch(watcher: (change: JobChange) => void): unknown };
  readonly fleet: { onChange(listener: (change: FleetChange) => void): unknown };
  readonly clock: Clock;
  /** How long usage is kept. */
  readonly retentionMs: number;
  readonly onAlert: (alert: BudgetAlert) => void;
  /** Workers of ours that cost something get no jobs from now on, or again. */
  readonly onStopChange: (endpoint: string, isStopped: boolean) => void;
  readonly onError: (error: unknown) => void;
}

/** While workers here cost something, it is written this often that they are still there. */
const SEEN_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 60_000;
const MEASURED = 50;
const DROP_EVERY_MS = 3_600_000;

export type Ledger = CostLedger;

export function createLedger(options: LedgerOptions): Ledger {
  return new CostLedger(options);
}

export interface CostTotal {
  readonly endpoint: string;
  readonly backend: string;
  readonly micros: number;
}

export class CostLedger {
  readonly budgets: Budgets;
  readonly #options: LedgerOptions;
  readonly #lives = new Map<string, WorkerLife>();
  readonly #costs = new Map<string, number[]>();
  readonly #stopped = new Map<string, string>();
  readonly #stopping = new AbortController();
  /** Since this gateway started, but for lives that are kept. */
  readonly #totals = new Map<string, CostTotal>();
  readonly #startedAt: number;
  readonly #everyMs: number;
  readonly #beside = createBesideAttempts((endpoint) => this.#idleCostOf(endpoint));
  #possible: readonly Possible[] = [];
  /** Ends the wait for the next change of a budget that time alone brings. */
  #cancelTimer: (() => void) | undefined;
  #droppedAt = 0;
  #loop: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { store, meter, clock } = options;
    this.#startedAt = clock.now();
    const whileUsed = meter.isForOwnWorkers ? SEEN_EVERY_MS : LOOK_EVERY_MS;
    this.#everyMs = meter.isUsed ? whileUsed : DROP_EVERY_MS;
    for (const { workerId, endedAt } of store.closeLeft()) meter.noteGone(workerId, endedAt ?? 0);
    for (const life of store.livesSince(periodStart(clock.now(), 'month')))
      this.#lives.set(life.workerId, life);
    this.budgets = createBudgets({
      budgets: options.budgets,
      now: () => clock.now(),
      lives: () => this.#lives.values(),
      remoteLines: () => this.#beside.lines(),
      unbilled: () => this.#beside.unbilled(),
      possible: () => this.#possible,
      spentSince: store.spentSince,
      expected: (endpoint) => this.expected(endpoint),
      told: store.told,
    });
    this.#readPossible();
    if (meter.isUsed)
      options.queue.watch(({ transition }) => this.#noteRow(transition && meter.follow(transition)));
    if (meter.isForOwnWorkers) options.fleet.onChange(({ worker }) => worker && this.#noteWorker(worker));
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTimer?.();
    await this.#loop;
  }

  /** Call it before it is read what endpoints at RunPod cost beside their attempts this month; then tell what was read. */
  readingRemoteLines(): (lines: readonly RemoteLine[]) => void {
    const note = this.#beside.reading();
    return (lines) => {
      note(lines);
      this.#readPossible();
      this.#lookAhead();
    };
  }

  /** What an attempt of the endpoint at RunPod is expected to cost. */
  expected(endpoint: string): ExpectedCost {
    const costs = this.#costsOf(endpoint);
    const besideMicros = this.#beside.perAttempt(endpoint);
    if (costs.length > 0) {
      const sum = costs.reduce((total, one) => total + one, 0);
      return { micros: Math.ceil(sum / costs.length), besideMicros, isMeasured: true };
    }
    const longestMs = this.#options.endpoints.get(endpoint)?.executionTimeoutMs ?? 0;
    const micros = costOf(chargedSeconds(longestMs), this.#remotePrice(endpoint));
    return { micros, besideMicros, isMeasured: false };
  }

  /** What RunPod billed beside each attempt of the endpoint this month; undefined while no bill is known. */
  billedBeside(endpoint: string): number | undefined {
    return this.#beside.billedPerAttempt(endpoint);
  }

  /** Millionths of a dollar an hour. Where an attempt will go is not known yet: the dearest. */
  #remotePrice(endpoint: string): number {
    const found = this.#options.endpoints.get(endpoint);
    const remotes = found ? remotesOf(found) : [];
    const prices = remotes.map((one) => this.#options.prices.runpod(one.gpuPool, one.gpuCount));
    return Math.max(0, ...prices.map((price) => price?.microsPerHour ?? 0));
  }

  #idleCostOf(endpoint: string): number {
    const found = this.#options.endpoints.get(endpoint);
    return found ? costOf(chargedSeconds(idleTimeOf(found)), this.#remotePrice(endpoint)) : 0;
  }

  /** Why workers of the endpoint here get no jobs: they cost something, and a budget is used up. */
  stopOf(endpoint: string): string | undefined {
    return this.#stopped.get(endpoint);
  }

  /** Millionths of a dollar since this gateway started. */
  totals(): readonly CostTotal[] {
    const now = this.#options.clock.now();
    const sums = new Map(this.#totals);
    for (const life of this.#lives.values()) {
      const { endpoint, backend } = life;
      const key = `${endpoint} ${backend}`;
      const before = sums.get(key)?.micros ?? 0;
      sums.set(key, { endpoint, backend, micros: before + costOfLife(life, this.#startedAt, now) });
    }
    return [...sums.values()];
  }

  #noteRow(row: UsageRow | undefined): void {
    if (!row) return;
    this.budgets.note(row);
    const { endpoint, backend, costMicros, outcome } = row;
    // Before anybody is given what was set aside for it.
    if (backend === 'runpod' && outcome === 'handed-back') this.#readPossible();
    if (backend === 'runpod' && costMicros !== undefined) {
      this.#addTotal(endpoint, backend, costMicros);
      if (outcome === 'completed') this.#costsOf(endpoint).unshift(costMicros);
      this.#costsOf(endpoint).splice(MEASURED);
      this.#beside.noteEnd(endpoint, row.endedAt);
      this.#lookAhead();
    } else this.#look();
  }

  /** What was submitted and never answered stands in the file before its attempt ends here. */
  #readPossible(): void {
    const { store, budgets, endpoints, clock } = this.#options;
    if (budgets.length === 0) return;
    const timeouts = endpoints
      .names()
      .map((name) => [name, endpoints.get(name)?.executionTimeoutMs ?? 0] as const);
    this.#possible = store.possibleSince(periodStart(clock.now(), 'month'), Object.fromEntries(timeouts));
  }

  #costsOf(endpoint: string): number[] {
    const known = this.#costs.get(endpoint);
    if (known) return known;
    const costs = [...this.#options.store.lastCosts(endpoint, MEASURED)];
    this.#costs.set(endpoint, costs);
    return costs;
  }

  #noteWorker(worker: WorkerSnapshot): void {
    const { store, meter, onError } = this.#options;
    const { id, endpoint, backend, startedAt, readyAt, stoppedAt } = worker;
    const { microsPerHour } = meter.ownPrice(backend);
    if (microsPerHour === 0) return;
    const before = this.#lives.get(id);
    // A worker that connects by itself may come back under its id.
    const isNew = before === undefined || before.startedAt !== startedAt;
    if (!isNew && before.readyAt === readyAt && before.endedAt === stoppedAt) return;
    const life: WorkerLife = {
      ...{ workerId: id, endpoint, backend, microsPerHour, startedAt, readyAt, endedAt: stoppedAt },
    };
    this.#lives.set(id, life);
    const write = async () => {
      if (isNew) await store.begin(life);
      else if (readyAt !== undefined && before.readyAt === undefined) await store.ready(id, readyAt);
      if (stoppedAt !== undefined) await store.end(id, stoppedAt);
    };
    write().catch(onError);
    this.#lookAhead();
  }

  /** A look, and the next one as soon as time alone changes what it sees: the end of money is not waited for. */
  #lookAhead(): void {
    if (this.#stopping.signal.aborted) return;
    this.#look();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { clock } = this.#options;
    const now = clock.now();
    const at = this.budgets.nextChangeAt(now + this.#everyMs);
    if (at !== undefined) this.#cancelTimer = clock.timer(Math.max(1, at - now), () => this.#lookAhead());
  }

  /** Thresholds and stops, as they are now. */
  #look(): void {
    const { onAlert, onStopChange, meter, endpoints } = this.#options;
    for (const alert of this.budgets.alerts()) onAlert(alert);
    if (!meter.isForOwnWorkers) return;
    for (const name of endpoints.names()) {
      const isCostly = endpoints
        .get(name)
        ?.backends.some((kind) => kind !== 'runpod' && meter.ownPrice(kind).microsPerHour > 0);
      const reason = isCostly ? this.budgets.stopOf(name) : undefined;
      const wasStopped = this.#stopped.has(name);
      if (reason === undefined) this.#stopped.delete(name);
      else this.#stopped.set(name, reason);
      if (wasStopped !== (reason !== undefined)) onStopChange(name, reason !== undefined);
    }
  }

  async #run(): Promise<void> {
    const { clock, store, retentionMs, onError } = this.#options;
    while (!this.#stopping.signal.aborted) {
      try {
        const now = clock.now();
        this.#forget(periodStart(now, 'month'));
        if ([...this.#lives.values()].some(({ endedAt }) => endedAt === undefined)) await store.seen(now);
        if (now - this.#droppedAt >= DROP_EVERY_MS) {
          await store.dropBefore(now - retentionMs, dayOf(now - retentionMs));
          this.#droppedAt = now;
        }
        this.#lookAhead();
      } catch (error) {
        onError(error);
      }
      await clock.sleep(this.#everyMs, this.#stopping.signal);
    }
  }

  /** Lives that ended before this month count for no budget any more. */
  #forget(before: number): void {
    for (const life of this.#lives.values()) {
      const { workerId, endpoint, backend, endedAt } = life;
      if (endedAt === undefined || endedAt >= before) continue;
      this.#lives.delete(workerId);
      this.#addTotal(endpoint, backend, costOfLife(life, this.#startedAt, endedAt));
    }
  }

  #addTotal(endpoint: string, backend: string, micros: number): void {
    const key = `${endpoint} ${backend}`;
    const sum = this.#totals.get(key) ?? { endpoint, backend, micros: 0 };
    this.#totals.set(key, { ...sum, micros: sum.micros + micros });
  }
}
