import type { WorkerState } from '@spillway/protocol';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import type { QueueCounts } from '../jobs/job-store.ts';
import type { JobChange } from '../jobs/queue.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type Counter, createRegistry, type Histogram, type Registry, type Sample } from './registry.ts';

/**
 * What `/metrics` tells. Totals and durations are counted as they happen, from the events of jobs and workers; states
 * are read when they are asked for, from counters that their owners keep, so that nothing is scanned.
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
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

/** Seconds; from a wait that nobody notices to a cold start of a large model. */
const WAIT_BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
const EXECUTION_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 3_600];
const COLD_START_BOUNDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
const REQUEST_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120];

export function createGatewayMetrics(source: MetricsSource) {
  const registry = createRegistry();
  countJobs(registry, source);
  countColdStarts(registry, source);
  addStates(registry, source);
  const observeRequest = timeRequests(registry);
  registry.gauge('spillway_build_info', 'Version of the gateway.', ['version', 'node'], () => [
    [[source.version, process.version], 1],
  ]);
  addProcessMetrics(registry);
  return { text: registry.text, observeRequest };
}

interface EndpointCounters {
  readonly submitted: Counter;
  readonly retried: Counter;
  readonly ended: (status: string) => Counter;
  readonly queueDelay: Histogram;
  readonly execution: (outcome: string) => Histogram;
}

/** Slots by their last label, each looked up once. */
function memo<T>(make: (label: string) => T): (label: string) => T {
  const made = new Map<string, T>();
  return (label) => {
    const found = made.get(label) ?? make(label);
    made.set(label, found);
    return found;
  };
}

function jobCounters(registry: Registry): (endpoint: string) => EndpointCounters {
  const submitted = registry.counter('spillway_jobs_submitted_total', 'Jobs that were accepted.', [
    'endpoint',
  ]);
  const ended = registry.counter('spillway_jobs_total', 'Jobs that reached a final state.', [
    'endpoint',
    'status',
  ]);
  const retried = registry.counter('spillway_jobs_retried_total', 'Jobs that went back to the queue.', [
    'endpoint',
  ]);
  const queueDelay = registry.histogram(
    'spillway_queue_delay_seconds',
    'From the time a job could be delivered to its delivery.',
    ['endpoint'],
    WAIT_BOUNDS,
  );
  const execution = registry.histogram(
    'spillway_execution_seconds',
    'Length of an attempt at a job.',
    ['endpoint', 'outcome'],
    EXECUTION_BOUNDS,
  );
  return memo((endpoint) => ({
    submitted: submitted.of(endpoint),
    retried: retried.of(endpoint),
    ended: memo((status) => ended.of(endpoint, status)),
    queueDelay: queueDelay.of(endpoint),
    execution: memo((outcome) => execution.of(endpoint, outcome)),
  }));
}

function countJobs(registry: Registry, { queue }: MetricsSource): void {
  const countersOf = jobCounters(registry);
  queue.watch(({ jobId, endpoint, isNew, transition }) => {
    // A delay that is over comes without a job's id.
    if (isNew && jobId !== '') countersOf(endpoint).submitted.inc();
    if (!transition) return;
    const { before, after, endedAttempt } = transition;
    const counters = countersOf(endpoint);
    if (endedAttempt)
      counters
        .execution(endedAttempt.outcome)
        .observe((endedAttempt.endedAt - endedAttempt.startedAt) / 1000);
    if (before.status === after.status) return;
    if (after.status === 'IN_QUEUE') counters.retried.inc();
    else if (after.status === 'IN_PROGRESS')
      counters.queueDelay.observe(
        ((after.startedAt ?? 0) - Math.max(before.queuedAt, before.availableAt)) / 1000,
      );
    else counters.ended(after.status).inc();
  });
}

function countColdStarts(registry: Registry, { fleet }: MetricsSource): void {
  const family = registry.histogram(
    'spillway_cold_start_seconds',
    'From the start of a worker to its first request for a job.',
    ['endpoint'],
    COLD_START_BOUNDS,
  );
  const ready = new Set<string>();
  fleet.onChange(({ endpoint, worker }) => {
    if (worker?.state === 'stopped') ready.delete(worker.id);
    else if (worker?.readyAt !== undefined && !ready.has(worker.id)) {
      ready.add(worker.id);
      family.of(endpoint).observe((worker.readyAt - worker.startedAt) / 1000);
    }
  });
}

function addStates(registry: Registry, { queue, fleet, endpoints }: MetricsSource): void {
  const perEndpoint = (read: (name: string) => readonly Sample[]) => () => endpoints.names().flatMap(read);
  registry.gauge(
    'spillway_jobs',
    'Jobs that have not ended.',
    ['endpoint', 'status'],
    perEndpoint((name) => {
      const { inQueue, inProgress } = queue.counts(name);
      return [
        [[name, 'IN_QUEUE'], inQueue],
        [[name, 'IN_PROGRESS'], inProgress],
      ];
    }),
  );
  registry.gauge(
    'spillway_queue_depth',
    'Jobs that could be delivered now.',
    ['endpoint'],
    perEndpoint((name) => [[[name], queue.counts(name).ready]]),
  );
  registry.gauge(
    'spillway_endpoint_paused',
    '1 while the endpoint delivers no jobs.',
    ['endpoint'],
    perEndpoint((name) => [[[name], endpoints.isPaused(name) ? 1 : 0]]),
  );
  registry.gauge('spillway_workers', 'Workers by state.', ['endpoint', 'state'], () =>
    countStates(fleet.workers(), endpoints.names()),
  );
}

const STATES: readonly WorkerState[] = [
  'initializing',
  'idle',
  'running',
  'throttled',
  'outdated',
  'unhealthy',
  'stopping',
];

/** Zeros too, so that a state that was left does not stay in a chart. */
function countStates(workers: readonly WorkerSnapshot[], endpoints: readonly string[]): readonly Sample[] {
  return endpoints.flatMap((endpoint) =>
    STATES.map((state): Sample => {
      const count = workers.filter((worker) => worker.endpoint === endpoint && worker.state === state).length;
      return [[endpoint, state], count];
    }),
  );
}

/** Times answers by the path of their route, so that ids make no series of their own. */
function timeRequests(registry: Registry) {
  const family = registry.histogram(
    'spillway_http_request_duration_seconds',
    'Time to answer a request, long polls included.',
    ['method', 'route', 'status'],
    REQUEST_BOUNDS,
  );
  const slots = new Map<string, Histogram>();
  return (method: string, route: string, status: number, ms: number): void => {
    const key = `${method} ${status} ${route}`;
    let slot = slots.get(key);
    if (!slot) {
      slot = family.of(method, route, String(status));
      slots.set(key, slot);
    }
    slot.observe(ms / 1000);
  };
}
