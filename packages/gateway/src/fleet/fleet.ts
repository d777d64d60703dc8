import type { HealthReply } from '@spillway/protocol';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type FleetOptions, KILL_GRACE_MS, STOP_GRACE_MS } from './fleet-options.ts';
import {
  type FleetWorker,
  failedStartReason,
  newWorker,
  snapshotOf,
  type WorkerSnapshot,
} from './fleet-worker.ts';
import { createFreePorts } from './free-ports.ts';
import type { WorkerGpu } from './gpu/worker-gpu.ts';
import { Pool } from './pool.ts';
import {
  type Apply,
  backendOf,
  drain,
  drainAndEnd,
  outlive,
  type RunOptions,
  startProcess,
} from './run-worker.ts';
import { addFailure, NO_FAILURES, resumeStarts, type StartBackoff, startsAllowed } from './start-backoff.ts';
import { describeProblem, type StartProblem } from './start-problem.ts';
import type { WorkerLog } from './worker-log.ts';
import { next, type WorkerEvent, type WorkerLife } from './worker-machine.ts';

export type { FleetOptions } from './fleet-options.ts';
export type { WorkerSnapshot } from './fleet-worker.ts';

/** Something happened to the workers of an endpoint; without a worker, its starts were resumed. */
export interface FleetChange {
  readonly endpoint: string;
  readonly worker?: WorkerSnapshot;
}

/** Ended workers that are still shown, for each endpoint. */
const ENDED_SHOWN = 20;

export function createFleet(options: FleetOptions): Fleet {
  return new Fleet(options);
}

/**
 * All workers of this gateway: starts them, ends them, and is the only place that moves their states. It knows no
 * jobs: their owner tells it how many a worker holds, drains a worker before it is ended, and hears when one is gone.
 */
export class Fleet {
  /** Workers that connect by themselves. */
  readonly pool: Pool;
  readonly #options: RunOptions;
  readonly #workers = new Map<string, FleetWorker>();
  readonly #backoffs = new Map<string, StartBackoff>();
  readonly #listeners = new Set<(change: FleetChange) => void>();
  #started: Promise<readonly string[]> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    this.#options = { ...options, ports: options.ports ?? createFreePorts() };
    this.pool = new Pool({
      options,
      apply: (worker, event) => this.#apply(worker, event),
      find: (workerId) => this.#workers.get(workerId),
      add: (worker) => this.#add(worker),
      onChange: (listener) => this.onChange(listener),
      forgetOld: (endpoint) => this.#forgetOld(endpoint),
    });
  }

  /** Ends what a dead predecessor left running. Resolves to the ids of the workers it had. */
  start(): Promise<readonly string[]> {
    this.#started ??= this.#recover();
    return this.#started;
  }

  async #recover(): Promise<readonly string[]> {
    const recovered = await Promise.all(this.#options.backends.map((backend) => backend.recover()));
    const orphans = recovered.reduce((sum, { endedCount }) => sum + endedCount, 0);
    if (orphans > 0) this.#options.log.warn({ orphans }, 'ended workers that the last gateway left running');
    return recovered.flatMap(({ workerIds }) => workerIds);
  }

  /** Drains and ends all workers; resolves when none is left. No start is allowed from now on. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    await this.#started;
    const allEnded = new AbortController();
    const limit = this.#options.clock
      .sleep(this.#options.stopGraceMs ?? STOP_GRACE_MS, allEnded.signal)
      .then(() => {
        for (const worker of this.#workers.values()) worker.drainLimit.abort();
      });
    // Newest first, as they were built up.
    const workers = [...this.#workers.values()].reverse();
    const own = workers.filter(({ backend }) => backend !== 'pool');
    await Promise.all([
      ...own.map(({ id }) => this.stopWorker(id, 'the gateway stops')),
      this.pool.stop(workers.filter(({ backend }) => backend === 'pool')),
    ]);
    allEnded.abort();
    await limit;
  }

  /**
   * Starts one worker, on these cards if any were chosen, and returns its id; undefined while starts are held back (see
   * `startsAllowed`).
   */
  startWorker(endpoint: Endpoint, gpu?: WorkerGpu): string | undefined {
    if (this.startsAllowed(endpoint.name) < 1) return undefined;
    const backend = backendOf(endpoint, this.#options.backends)?.kind ?? 'process';
    const worker = newWorker(this.#newId(), endpoint, this.#options.clock.now(), backend, gpu);
    this.#options.log.info({ worker: worker.id, endpoint: endpoint.name }, 'starting a worker');
    const apply: Apply = (of, event) => this.#apply(of, event);
    worker.started = startProcess(worker, this.#options, apply);
    worker.over = outlive(worker, this.#options, apply).then(() => this.#forgetOld(endpoint.name));
    this.#add(worker);
    return worker.id;
  }

  /** How many workers of the endpoint may be started now: none or one while its starts fail, any number otherwise. */
  startsAllowed(endpoint: string): number {
    if (this.#stopped !== undefined) return 0;
    const starting = this.#alive(endpoint).filter(
      ({ life, backend }) => life.state === 'initializing' && backend !== 'pool',
    ).length;
    return startsAllowed(this.#backoffOf(endpoint), starting, this.#options.clock.now());
  }

  /** Before this time no worker of the endpoint is started; 0 while its starts work. */
  nextStartAt(endpoint: string): number {
    return this.#backoffOf(endpoint).nextTryAt;
  }

  /** Tries an endpoint again that was given up. */
  resume(endpoint: string): void {
    this.#backoffs.set(endpoint, resumeStarts(this.#backoffOf(endpoint), this.#options.clock.now()));
    this.#tell({ endpoint });
  }

  /**
   * Drains the worker, asks it to end, and kills it when it doesn't. Resolves when it is gone; a worker that connects by
   * itself can only be drained, and that is all that is waited for.
   */
  async stopWorker(workerId: string, reason: string): Promise<void> {
    const worker = this.#workers.get(workerId);
    if (!worker || worker.life.state === 'stopped') return;
    this.#apply(worker, { type: 'stop', reason });
    if (worker.pool) {
      worker.stopping ??= drain(worker, this.#options).then(() => worker.pool?.terminate());
      return worker.stopping;
    }
    worker.stopping ??= drainAndEnd(worker, this.#options);
    await worker.stopping;
    await worker.over;
  }

  /** Whether nobody here can end the worker: it connected by itself, or is no worker of this gateway. */
  isOutOfReach(workerId: string): boolean {
    const worker = this.#workers.get(workerId);
    return worker === undefined || worker.pool !== undefined;
  }

  /** Ends the worker at once, with all its children; not one that is out of reach. Resolves when it is gone. */
  async killWorker(workerId: string, reason: string): Promise<void> {
    const worker = this.#workers.get(workerId);
    if (!worker || worker.pool || worker.life.state === 'stopped') return;
    this.#apply(worker, { type: 'kill', reason });
    worker.drainLimit.abort();
    await worker.started;
    worker.process?.kill();
    await worker.over;
  }

  /** The worker asked for a job: from its first time on it is ready. Unknown ids (workers of others) are ignored. */
  noteTake(workerId: string): void {
    this.#note(workerId, { type: 'asked' });
  }

  /** The worker holds so many jobs now. */
  noteJobs(workerId: string, count: number): void {
    this.#note(workerId, { type: 'jobs', count });
  }

  /** The worker reported that it can't work. It should exit by itself; it is ended if it doesn't. */
  noteUnhealthy(workerId: string, reason: string): void {
    const worker = this.#workers.get(workerId);
    if (!worker || worker.life.state === 'unhealthy') return;
    this.#apply(worker, { type: 'unhealthy', reason: `reported itself unhealthy: ${reason}` });
    // Nobody here can end it, and when it asks for jobs again it has been started anew.
    if (worker.pool) return;
    void this.#options.clock
      .sleep(this.#options.killGraceMs ?? KILL_GRACE_MS, worker.ended.signal)
      .then(() => this.stopWorker(workerId, `it reported itself unhealthy: ${reason}`));
  }

  /** The worker wants to be replaced by a fresh one; it finishes its jobs first. */
  refreshWorker(workerId: string): void {
    this.#note(workerId, { type: 'outdated' });
  }

  /** All workers that run, and the last ones that ended. */
  workers(endpoint?: string): readonly WorkerSnapshot[] {
    return [...this.#workers.values()]
      .filter((worker) => endpoint === undefined || worker.endpoint.name === endpoint)
      .map(snapshotOf);
  }

  worker(workerId: string): WorkerSnapshot | undefined {
    const worker = this.#workers.get(workerId);
    return worker && snapshotOf(worker);
  }

  /** The worker that was started here last, whether it still runs or not. */
  newestWorker(endpoint: string): string | undefined {
    const started = [...this.#workers.values()].filter(({ backend }) => backend !== 'pool');
    return started.findLast((worker) => worker.endpoint.name === endpoint)?.id;
  }

  /** Numbers for `/health`. */
  counts(endpoint: string): HealthReply['workers'] {
    const alive = this.#alive(endpoint);
    const count = (isCounted: (life: WorkerLife) => boolean) =>
      alive.filter(({ life }) => isCounted(life)).length;
    const idle = count(({ state }) => state === 'idle');
    return {
      idle,
      initializing: count(({ state }) => state === 'initializing'),
      ready: idle,
      // A worker on its way out still works while it holds jobs.
      running: count(({ state, jobs }) => jobs > 0 && ['running', 'outdated', 'stopping'].includes(state)),
      throttled: count(({ state }) => state === 'throttled'),
      unhealthy: count(({ state }) => state === 'unhealthy'),
    };
  }

  /** The worker's log, also for a while after its end; undefined before it is open. */
  log(workerId: string): WorkerLog | undefined {
    return this.#workers.get(workerId)?.process?.log;
  }

  /** The same once it is open; undefined where none comes: the worker runs elsewhere, or its start was refused. */
  async openedLog(workerId: string): Promise<WorkerLog | undefined> {
    const worker = this.#workers.get(workerId);
    await worker?.started;
    return worker?.process?.log;
  }

  /** Why workers of this endpoint don't start; undefined while starts work or a worker is ready all the same. */
  startProblem(endpoint: string): StartProblem | undefined {
    const isReady = this.#alive(endpoint).some(({ life }) => ['idle', 'running'].includes(life.state));
    if (isReady) return undefined;
    return describeProblem(this.#backoffOf(endpoint), this.#options.clock.now());
  }

  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: (change: FleetChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #note(workerId: string, event: WorkerEvent): void {
    const worker = this.#workers.get(workerId);
    if (worker) this.#apply(worker, event);
  }

  /** The only place where a worker's life changes. */
  #apply(worker: FleetWorker, event: WorkerEvent): void {
    const { life, effects } = next(worker.life, event, this.#options.clock.now());
    if (life === worker.life) return;
    worker.life = life;
    for (const effect of effects) {
      // Workers that came by themselves prove nothing about starts.
      if (worker.pool && effect !== 'stop') continue;
      if (effect === 'proved') this.#backoffs.delete(worker.endpoint.name);
      else if (effect === 'failed-start') this.#countFailedStart(worker);
      else void this.stopWorker(worker.id, 'it asked for a fresh worker');
    }
    this.#tell({ endpoint: worker.endpoint.name, worker: snapshotOf(worker) });
  }

  #add(worker: FleetWorker): void {
    // Again, where it was here before: the newest come last.
    this.#workers.delete(worker.id);
    this.#workers.set(worker.id, worker);
    this.#tell({ endpoint: worker.endpoint.name, worker: snapshotOf(worker) });
  }

  #countFailedStart(worker: FleetWorker): void {
    const { name } = worker.endpoint;
    const failed = addFailure(this.#backoffOf(name), failedStartReason(worker), this.#options.clock.now());
    this.#backoffs.set(name, failed);
    this.#options.log.warn(
      { endpoint: name, failures: failed.failures },
      `a start failed: the worker ${failed.reason}`,
    );
  }

  #tell(change: FleetChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #alive(endpoint: string): FleetWorker[] {
    return [...this.#workers.values()].filter(
      (worker) => worker.endpoint.name === endpoint && worker.life.state !== 'stopped',
    );
  }

  #backoffOf(endpoint: string): StartBackoff {
    return this.#backoffs.get(endpoint) ?? NO_FAILURES;
  }

  /** Like RunPod's: 14 letters and digits. Never given twice, since late reports are told apart by it. */
  #newId(): string {
    const id = this.#options.ids.short(14);
    return this.#workers.has(id) ? this.#newId() : id;
  }

  #forgetOld(endpoint: string): void {
    const ended = [...this.#workers.values()].filter(
      (worker) => worker.endpoint.name === endpoint && worker.life.state === 'stopped',
    );
    for (const { id } of ended.slice(0, -ENDED_SHOWN)) this.#workers.delete(id);
  }
}
