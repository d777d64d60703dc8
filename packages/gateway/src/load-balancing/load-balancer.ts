import type { HealthReply } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { GatewayError } from '../errors.ts';
import type { FleetChange, WorkerSnapshot } from '../fleet/fleet.ts';
import type { StartProblem } from '../fleet/start-problem.ts';
import type { Affinity } from './affinity.ts';
import type { HealthProbe } from './health-probe.ts';
import { type Permit, RequestLine } from './request-line.ts';
import { lostReason, nextHealth, startHealth, type WorkerHealth } from './worker-health.ts';

/** What the load balancer uses of the fleet. */
export interface BalancedFleet {
  workers(endpoint: string): readonly WorkerSnapshot[];
  worker(workerId: string): WorkerSnapshot | undefined;
  counts(endpoint: string): HealthReply['workers'];
  startProblem(endpoint: string): StartProblem | undefined;
  noteTake(workerId: string): void;
  noteJobs(workerId: string, count: number): void;
  stopWorker(workerId: string, reason: string): Promise<void>;
  onChange(listener: (change: FleetChange) => void): () => void;
}

export interface LoadBalancerOptions {
  readonly clock: Clock;
  /** All endpoints; those without `loadBalancing` are left alone. */
  readonly endpoints: EndpointDirectory;
  readonly fleet: BalancedFleet;
  readonly probe: HealthProbe;
  /** Requests came or went: more or fewer workers may be wanted. */
  readonly onDemand: () => void;
  /** Why its workers may not be paid any more (default: they may). */
  readonly unpaidReason?: (endpoint: string) => string | undefined;
}

/** A start is over when the first check succeeds, so it is looked for often. */
const START_INTERVAL_MS = 100;
/** After this time a drained worker is asked to end, whatever WebSockets it holds; it may close them properly then. */
export const SOCKET_GRACE_MS = 3_000;

type BalancedEndpoint = Endpoint & Required<Pick<Endpoint, 'loadBalancing'>>;

interface Entry {
  /** As the file has it; its limits may be changed live, so those are looked up. */
  readonly endpoint: BalancedEndpoint;
  readonly line: RequestLine;
}

interface Watch {
  /** Aborts when the worker is gone. */
  readonly ended: AbortController;
  /** Aborting it has the next check made at once. */
  wake: AbortController;
}

export function createLoadBalancer(options: LoadBalancerOptions): LoadBalancer {
  return new LoadBalancer(options);
}

/**
 * The endpoints whose workers serve HTTP themselves: checks each worker's health, keeps a line of requests per
 * endpoint, and says where the next one goes. It tells the fleet how many requests a worker holds, as if they were jobs.
 */
export class LoadBalancer {
  readonly #options: LoadBalancerOptions;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #watches = new Map<string, Watch>();
  readonly #loops = new Set<Promise<void>>();
  #unsubscribes: (() => void)[] = [];
  #isClosed = false;

  constructor(options: LoadBalancerOptions) {
    this.#options = options;
    this.#entries = new Map(
      [...options.endpoints]
        .filter((endpoint): endpoint is BalancedEndpoint => endpoint.loadBalancing !== undefined)
        .map((endpoint) => [endpoint.name, { endpoint, line: this.#newLine(endpoint) }]),
    );
  }

  start(): void {
    const { fleet, endpoints } = this.#options;
    this.#unsubscribes = [
      fleet.onChange((change) => this.#follow(change)),
      endpoints.watch(({ endpoint }) => this.#entries.get(endpoint)?.line.look()),
    ];
  }

  /** Turns away whoever waits and whoever comes; open requests go on. */
  close(): void {
    this.#isClosed = true;
    for (const { line } of this.#entries.values()) line.refuseAll(shuttingDown());
  }

  /** Ends the health checks. Resolves when none runs any more. */
  async stop(): Promise<void> {
    this.close();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    for (const id of [...this.#watches.keys()]) this.#unwatch(id);
    await Promise.all(this.#loops);
  }

  /**
   * Resolves when a worker of the endpoint has room for one more request. Rejects with a GatewayError that says why it
   * can't have one, or with the signal's reason.
   */
  async enter(endpoint: string, affinity: Affinity, signal: AbortSignal): Promise<Permit> {
    const entry = this.#entryOf(endpoint);
    if (this.#isClosed) throw shuttingDown();
    const problem = this.#closedReason(endpoint) ?? this.#hopelessness(entry);
    if (problem !== undefined) throw noWorkers(problem);
    return entry.line.enter(affinity, signal);
  }

  /** A worker could not be reached: it gets no further request until its next check succeeds, which is made now. */
  suspect(workerId: string): void {
    this.#lineOf(workerId)?.setHealthy(workerId, false);
    this.#watches.get(workerId)?.wake.abort();
  }

  /** Gives the worker no further request; resolves when the open ones are over, WebSockets after a grace. */
  async drain(workerId: string, signal: AbortSignal): Promise<void> {
    const line = this.#lineOf(workerId);
    if (!line) return;
    line.retire(workerId);
    const isOver = new AbortController();
    const grace = this.#options.clock.sleep(SOCKET_GRACE_MS, AbortSignal.any([signal, isOver.signal]));
    const idle = line.drained(workerId, true, signal);
    await Promise.race([idle, grace]);
    isOver.abort();
    await line.drained(workerId, false, signal);
  }

  /** What the scheduler counts by. */
  snapshot(endpoint: string) {
    const { line } = this.#entryOf(endpoint);
    const { count, oldestAt } = line.demand;
    // A worker out of the rotation serves nobody: while somebody waits it counts as if it had its fill.
    const out = count > 0 ? this.#outOfRotation(endpoint).length * this.#capacity(endpoint) : 0;
    return {
      queued: count + out,
      queuedLowPriority: 0,
      inProgress: line.counts.open,
      ...(oldestAt === undefined ? {} : { oldestQueuedAt: oldestAt }),
    };
  }

  /** Body of `/health`; requests count as jobs, from the gateway's start on. */
  health(endpoint: string): HealthReply {
    const { line } = this.#entryOf(endpoint);
    const { waiting, open, answered, failed } = line.counts;
    const counts = this.#options.fleet.counts(endpoint);
    const out = this.#outOfRotation(endpoint).filter(({ state }) => state === 'idle').length;
    return {
      jobs: { completed: answered, failed, inProgress: open, inQueue: waiting, retried: 0 },
      workers: {
        ...counts,
        idle: counts.idle - out,
        ready: this.readyWorkers(endpoint).length,
        unhealthy: counts.unhealthy + out,
      },
    };
  }

  /** Ids of the workers whose last health check was answered 200, busy ones too. */
  readyWorkers(endpoint: string): readonly string[] {
    const { line } = this.#entryOf(endpoint);
    return this.#started(endpoint)
      .map(({ id }) => id)
      .filter((id) => line.isHealthy(id));
  }

  #started(endpoint: string): readonly WorkerSnapshot[] {
    const workers = this.#options.fleet.workers(endpoint);
    return workers.filter(({ state }) => state === 'idle' || state === 'running');
  }

  #outOfRotation(endpoint: string): readonly WorkerSnapshot[] {
    const { line } = this.#entryOf(endpoint);
    return this.#started(endpoint).filter(({ id }) => !line.isHealthy(id));
  }

  /** Requests that one worker takes at a time, as the endpoint's limits are now. */
  #capacity(name: string): number {
    const scaling = this.#options.endpoints.get(name)?.scaling;
    return scaling?.type === 'REQUEST_COUNT' ? scaling.requestCount : 1;
  }

  #newLine(endpoint: BalancedEndpoint): RequestLine {
    const { clock, endpoints, fleet, onDemand } = this.#options;
    const { name, loadBalancing } = endpoint;
    return new RequestLine({
      clock,
      capacity: () => this.#capacity(name),
      waitTimeoutMs: loadBalancing.waitTimeoutMs,
      onChange: (worker) => {
        // The fleet tells of its change itself.
        if (worker) fleet.noteJobs(worker.id, worker.open);
        else onDemand();
      },
      explain: () => {
        const { ready, initializing, unhealthy } = this.health(name).workers;
        const { max } = (endpoints.get(name) ?? endpoint).workers;
        const problem = fleet.startProblem(name)?.message;
        const counts = `${ready} of ${max} workers are ready, ${initializing} starting, ${unhealthy} unhealthy`;
        return problem === undefined ? counts : `${counts}; ${problem}`;
      },
    });
  }

  #follow({ endpoint, worker }: FleetChange): void {
    const entry = this.#entries.get(endpoint);
    if (!entry || !worker) return;
    const { id, state } = worker;
    if (state === 'stopped') {
      this.#unwatch(id);
      entry.line.remove(id);
      this.#refuseHopeless(entry);
      return;
    }
    if (!['initializing', 'idle', 'running'].includes(state)) {
      entry.line.retire(id);
      return;
    }
    if (this.#watches.has(id)) return;
    const watch: Watch = { ended: new AbortController(), wake: new AbortController() };
    this.#watches.set(id, watch);
    const loop = this.#checkHealth(entry, id, watch).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  /** The loop of one worker's health checks, from its start to its end. */
  async #checkHealth({ endpoint, line }: Entry, workerId: string, watch: Watch): Promise<void> {
    const { clock, fleet, probe } = this.#options;
    const { healthCheckPath: path, healthCheckIntervalMs } = endpoint.loadBalancing;
    let health: WorkerHealth = startHealth(clock.now());
    while (!watch.ended.signal.aborted) {
      watch.wake = new AbortController();
      const address = fleet.worker(workerId)?.address;
      if (address) {
        line.add(workerId, address.port);
        const seen = await probe({ port: address.healthPort, path }, watch.ended.signal);
        if (watch.ended.signal.aborted) return;
        const now = clock.now();
        health = nextHealth(health, seen, { now, isBusy: line.open(workerId) > 0 });
        if (health.state === 'healthy') fleet.noteTake(workerId);
        line.setHealthy(workerId, health.state === 'healthy');
        const lost = lostReason(health, seen, { now, initTimeoutMs: endpoint.initTimeoutMs });
        if (lost !== undefined) void fleet.stopWorker(workerId, lost);
      }
      const waitMs = health.state === 'starting' ? START_INTERVAL_MS : healthCheckIntervalMs;
      await clock.sleep(waitMs, watch.wake.signal);
    }
  }

  #unwatch(workerId: string): void {
    const watch = this.#watches.get(workerId);
    this.#watches.delete(workerId);
    watch?.ended.abort();
    watch?.wake.abort();
  }

  /** Whoever waits for an endpoint whose workers don't start any more is told so, rather than left to wait. */
  #refuseHopeless(entry: Entry): void {
    const problem = this.#hopelessness(entry);
    if (problem !== undefined) entry.line.refuseAll(noWorkers(problem));
  }

  #closedReason(name: string): string | undefined {
    const { endpoints } = this.#options;
    if (endpoints.isPaused(name)) return 'the endpoint is paused';
    const unpaid = this.#options.unpaidReason?.(name);
    if (unpaid !== undefined) return unpaid;
    if (endpoints.get(name)?.workers.max !== 0) return undefined;
    return `the endpoint is closed (endpoints.${name}.workers.max is 0)`;
  }

  #hopelessness({ endpoint }: Entry): string | undefined {
    const { clock, fleet } = this.#options;
    const problem = fleet.startProblem(endpoint.name);
    if (!problem?.gaveUp || problem.nextTryAt <= clock.now()) return undefined;
    const isSomeAlive = fleet.workers(endpoint.name).some(({ state }) => state !== 'stopped');
    return isSomeAlive ? undefined : problem.message;
  }

  #entryOf(endpoint: string): Entry {
    const entry = this.#entries.get(endpoint);
    if (!entry) throw new Error(`${endpoint} is no load-balancing endpoint`);
    return entry;
  }

  #lineOf(workerId: string): RequestLine | undefined {
    const worker = this.#options.fleet.worker(workerId);
    return worker && this.#entries.get(worker.endpoint)?.line;
  }
}

function noWorkers(reason: string): GatewayError {
  return new GatewayError('NO_WORKERS_AVAILABLE', `no workers available: ${reason}`);
}

function shuttingDown(): GatewayError {
  return new GatewayError(
    'SHUTTING_DOWN',
    'the gateway is shutting down and takes no further requests; try again soon',
  );
}
