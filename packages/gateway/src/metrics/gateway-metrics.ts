import { WORKER_STATES } from '@spillway/protocol';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import type { QueueCounts } from '../jobs/job-store.ts';
import type { JobChange } from '../jobs/queue.ts';
import { DELIVERY_OUTCOMES, type DeliveryOutcome } from '../results/delivery.ts';
import type { BudgetState } from '../usage/budget.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type CountSeries, countFamily, type DurationSeries, durationFamily } from './series.ts';

/**
 * What `/metrics` tells. Totals and durations are counted as they happen, from the events of jobs and workers; states
 * are read when they are asked for, from counters that their owners keep, so that nothing is scanned. Each gateway has a
 * registry of its own, so that two in one process do not add up.
 */
export interface MetricsSource {
  readonly queue: {
    counts(endpoint: string): QueueCounts;
    watch(watcher: (change: JobChange) => void): unknown;
  };
  readonly fleet: {
    workers(): readonly WorkerSnapshot[];
    onChange(listener: (change: FleetChange) => void): unknown;
  };
  readonly endpoints: Pick<EndpointDirectory, 'names' | 'isPaused'>;
  readonly version: string;
  /** Absent: nothing costs anything. */
  readonly costs?: {
    totals(): readonly { readonly endpoint: string; readonly backend: string; readonly micros: number }[];
    readonly budgets: { states(): readonly BudgetState[] };
  };
  /** Absent: nothing delivers webhooks. */
  readonly watchWebhooks?: (watcher: (outcome: DeliveryOutcome) => void) => void;
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

/** Seconds; from a wait that nobody notices to a cold start of a large model. */
const WAIT_BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
const EXECUTION_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 3_600];
const COLD_START_BOUNDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const REQUEST_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120];

export function createGatewayMetrics(source: MetricsSource) {
  const registry = new Registry();
  countJobs(registry, source);
  countColdStarts(registry, source);
  countDeliveries(registry, source);
  addStates(registry, source);
  if (source.costs) addCosts(registry, source.costs);
  const observeRequest = timeRequests(registry);
  new Gauge({
    name: 'spillway_build_info',
    help: 'Version of the gateway.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: source.version, node: process.version }, 1);
  addProcessMetrics(registry);
  return { text: () => registry.metrics(), observeRequest };
}

interface EndpointCounters {
  readonly submitted: CountSeries;
  readonly retried: CountSeries;
  readonly ended: (status: string) => CountSeries;
  readonly queueDelay: DurationSeries;
  readonly execution: (outcome: string) => DurationSeries;
}

/** Series by one of their labels, each found once. */
function memo<K, T>(make: (label: K) => T): (label: K) => T {
  const made = new Map<K, T>();
  return (label) => {
    const known = made.get(label);
    if (known !== undefined) return known;
    const found = make(label);
    made.set(label, found);
    return found;
  };
}

function jobCounters(registry: Registry): (endpoint: string) => EndpointCounters {
  const submitted = countFamily({
    name: 'spillway_jobs_submitted_total',
    help: 'Jobs that were accepted.',
    labels: ['endpoint'],
    registry,
  });
  const ended = countFamily({
    name: 'spillway_jobs_total',
    help: 'Jobs that reached a final state.',
    labels: ['endpoint', 'status'],
    registry,
  });
  const retried = countFamily({
    name: 'spillway_jobs_retried_total',
    help: 'Jobs that went back to the queue.',
    labels: ['endpoint'],
    registry,
  });
  const queueDelay = durationFamily({
    name: 'spillway_queue_delay_seconds',
    help: 'From the time a job could be delivered to its delivery.',
    labels: ['endpoint'],
    bounds: WAIT_BOUNDS,
    registry,
  });
  const execution = durationFamily({
    name: 'spillway_execution_seconds',
    help: 'Length of an attempt at a job.',
    labels: ['endpoint', 'outcome'],
    bounds: EXECUTION_BOUNDS,
    registry,
  });
  // Zeros from an endpoint's first event on: a series that begins at 1 hides its first count from `rate()`.
  return memo((endpoint: string) => ({
    submitted: submitted(endpoint),
    retried: retried(endpoint),
    ended: memo((status: string) => ended(endpoint, status)),
    queueDelay: queueDelay(endpoint),
    execution: memo((outcome: string) => execution(endpoint, outcome)),
  }));
}

function countJobs(registry: Registry, { queue }: MetricsSource): void {
  const countersOf = jobCounters(registry);
  queue.watch(({ jobId, endpoint, isNew, transition }) => {
    // A delay that is over comes without a job's id.
    if (isNew && jobId !== '') countersOf(endpoint).submitted.add();
    if (!transition) return;
    const { before, after, endedAttempt } = transition;
    const counters = countersOf(endpoint);
    if (endedAttempt)
      counters
        .execution(endedAttempt.outcome)
        .observe((endedAttempt.endedAt - endedAttempt.startedAt) / 1000);
    if (before.status === after.status) return;
    if (after.status === 'IN_QUEUE') counters.retried.add();
    else if (after.status === 'IN_PROGRESS')
      counters.queueDelay.observe(
        ((after.startedAt ?? 0) - Math.max(before.queuedAt, before.availableAt)) / 1000,
      );
    else counters.ended(after.status).add();
  });
}

function countColdStarts(registry: Registry, { fleet }: MetricsSource): void {
  const coldStarts = new Histogram({
    name: 'spillway_cold_start_seconds',
    help: 'From the start of a worker to its first request for a job.',
    labelNames: ['endpoint'],
    buckets: COLD_START_BOUNDS,
    registers: [registry],
  });
  const ready = new Set<string>();
  fleet.onChange(({ endpoint, worker }) => {
    if (worker?.state === 'stopped') ready.delete(worker.id);
    else if (worker?.readyAt !== undefined && !ready.has(worker.id)) {
      ready.add(worker.id);
      coldStarts.observe({ endpoint }, (worker.readyAt - worker.startedAt) / 1000);
    }
  });
}

function countDeliveries(registry: Registry, { watchWebhooks }: MetricsSource): void {
  const seriesOf = countFamily({
    name: 'spillway_webhook_deliveries_total',
    help: 'Tries to deliver a webhook: delivered, failed and to be tried again, given up with the last failure.',
    labels: ['outcome'],
    registry,
  });
  // All of them at zero from the start.
  const series = new Map(DELIVERY_OUTCOMES.map((outcome) => [outcome, seriesOf(outcome)]));
  watchWebhooks?.((outcome) => series.get(outcome)?.add());
}

function addStates(registry: Registry, { queue, fleet, endpoints }: MetricsSource): void {
  const registers = [registry];
  new Gauge({
    name: 'spillway_jobs',
    help: 'Jobs that have not ended.',
    labelNames: ['endpoint', 'status'],
    registers,
    collect() {
      this.reset();
      for (const endpoint of endpoints.names()) {
        const { inQueue, inProgress } = queue.counts(endpoint);
        this.set({ endpoint, status: 'IN_QUEUE' }, inQueue);
        this.set({ endpoint, status: 'IN_PROGRESS' }, inProgress);
      }
    },
  });
  const gaugeEach = (name: string, help: string, read: (endpoint: string) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ['endpoint'], registers },
      collect() {
        this.reset();
        for (const endpoint of endpoints.names()) this.set({ endpoint }, read(endpoint));
      },
    });
  gaugeEach('spillway_queue_depth', 'Jobs that could be delivered now.', (name) => queue.counts(name).ready);
  gaugeEach('spillway_endpoint_paused', '1 while the endpoint delivers no jobs.', (name) =>
    endpoints.isPaused(name) ? 1 : 0,
  );
  new Gauge({
    name: 'spillway_workers',
    help: 'Workers by state.',
    labelNames: ['endpoint', 'state'],
    registers,
    collect() {
      this.reset();
      setWorkerStates(this, fleet.workers(), endpoints.names());
    },
  });
}

const MICROS = 1_000_000;

function addCosts(registry: Registry, costs: NonNullable<MetricsSource['costs']>): void {
  const registers = [registry];
  new Counter({
    name: 'spillway_cost_dollars_total',
    help: 'What attempts at RunPod and the lives of workers that cost something came to.',
    labelNames: ['endpoint', 'backend'],
    registers,
    collect() {
      this.reset();
      for (const { endpoint, backend, micros } of costs.totals())
        this.inc({ endpoint, backend }, micros / MICROS);
    },
  });
  const gauge = (name: string, help: string, read: (state: BudgetState) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ['budget'], registers },
      collect() {
        this.reset();
        for (const state of costs.budgets.states())
          this.set({ budget: state.budget.name }, read(state) / MICROS);
      },
    });
  gauge('spillway_budget_limit_dollars', 'What may be spent.', ({ budget }) => budget.limitMicros);
  gauge('spillway_budget_spent_dollars', 'What is spent of it.', ({ spentMicros }) => spentMicros);
}

/** Of those that are there; a stopped one is gone. */
const STATES = WORKER_STATES.filter((state) => state !== 'stopped');

/** Zeros too, so that a state that was left does not stay in a chart. */
function setWorkerStates(
  gauge: Gauge<'endpoint' | 'state'>,
  workers: readonly WorkerSnapshot[],
  endpoints: readonly string[],
): void {
  for (const endpoint of endpoints)
    for (const state of STATES) {
      const count = workers.filter((worker) => worker.endpoint === endpoint && worker.state === state).length;
      gauge.set({ endpoint, state }, count);
    }
}

/** Times answers by the path of their route, so that ids make no series of their own. */
function timeRequests(registry: Registry) {
  const series = durationFamily({
    name: 'spillway_http_request_duration_seconds',
    help: 'Time to answer a request, long polls included.',
    labels: ['method', 'route', 'status'],
    bounds: REQUEST_BOUNDS,
    registry,
  });
  // By what comes with each request, so that no key is put together for one.
  const ofRoute = memo((route: string) =>
    memo((method: string) => memo((status: number) => series(method, route, String(status)))),
  );
  return (method: string, route: string, status: number, ms: number): void =>
    ofRoute(route)(method)(status).observe(ms / 1000);
}
