import { type Endpoint, takesPoolWorkers } from '../endpoints/endpoint.ts';
import type { FleetOptions, PoolJobs } from './fleet-options.ts';
import { type FleetWorker, failureOf, newWorker } from './fleet-worker.ts';
import { createPoolBindings, type PoolBindings } from './pool-bindings.ts';
import type { PoolBinding, PoolStore } from './pool-store.ts';
import { createPoolWorker, type PoolClient, type PoolWorker } from './pool-worker.ts';
import type { Apply } from './run-worker.ts';
import { poolEnvironment } from './worker-environment.ts';

/** A call of a worker that this gateway did not start. */
export interface PoolCall {
  readonly workerId: string;
  readonly endpoint: Endpoint;
  readonly keyId?: string | undefined;
  /** Asked only of workers that are the pool's. */
  readonly client?: () => PoolClient;
  /** An admin's key may speak for every worker. */
  readonly isAdmin: boolean;
}

export interface PoolParts {
  readonly options: FleetOptions;
  readonly apply: Apply;
  readonly find: (workerId: string) => FleetWorker | undefined;
  /** Takes a new worker in; its life has begun. */
  readonly add: (worker: FleetWorker) => void;
  readonly onChange: (listener: () => void) => () => void;
  /** Called when a worker's life is over. */
  readonly forgetOld: (endpoint: string) => void;
}

const DEFAULT_LEASE_MS = 40_000;
const NO_JOBS: PoolJobs = { held: () => 0, close: () => {}, reopen: () => {} };
const NO_STORE: PoolStore = { load: () => [], save: async () => {} };
const NOTHING_HELD = () => {};
const WORKER_ID = /^[\w.:-]{1,128}$/;

/**
 * The workers that connect by themselves, from anywhere, with a key of scope worker. They come into the fleet with
 * their first call and leave it when they are silent for a lease; under the same id they may come back. An id belongs
 * to the key with which its worker came as long as it is connected, also over a restart of the gateway.
 */
export class Pool {
  readonly #parts: PoolParts;
  readonly #jobs: PoolJobs;
  readonly #bindings: PoolBindings;
  #isStopped = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    const { clock, log, jobs = NO_JOBS, poolStore = NO_STORE, leaseMs = DEFAULT_LEASE_MS } = parts.options;
    this.#jobs = jobs;
    this.#bindings = createPoolBindings({
      ...{ store: poolStore, clock, leaseMs },
      isHolding: (workerId) => jobs.held(workerId) > 0,
      onError: (error) => log.warn({ error }, 'the ids of connected workers could not be written'),
    });
  }

  /** Notes a call. Answers in a sentence why this caller may not speak for this worker; undefined when it may. */
  admit(call: PoolCall): string | undefined {
    const known = this.#parts.find(call.workerId);
    const alive = known?.life.state === 'stopped' ? undefined : known;
    const remembered = known ? undefined : this.#bindings.remembered(call.workerId);
    const refusal = call.isAdmin ? undefined : findRefusal(call, known, remembered);
    if (refusal !== undefined) return refusal;
    const worker = alive ?? this.#join(call, remembered);
    worker?.pool?.see(call.client?.());
    return undefined;
  }

  /** Where workers from elsewhere reach the gateway, as far as it knows itself. */
  get origin(): string {
    return this.#parts.options.origin('pool');
  }

  /** An id for a worker that is to connect. */
  newId(): string {
    return `pool-${this.#parts.options.ids.short(8)}`;
  }

  /** The environment with which such a worker is started. */
  environment(identity: {
    readonly endpoint: string;
    readonly workerId: string;
    readonly key: string;
    readonly origin: string;
  }): Record<string, string> {
    return poolEnvironment({ ...identity, heartbeatMs: this.#parts.options.heartbeatMs });
  }

  /** The worker holds a request open, until the returned function is called. */
  hold(workerId: string): () => void {
    return this.#parts.find(workerId)?.pool?.hold() ?? NOTHING_HELD;
  }

  /** The worker said that it stops and runs nothing any more. */
  goodbye(workerId: string): void {
    this.#parts.find(workerId)?.pool?.leave();
  }

  /** The worker asks for jobs and runs none: whatever was wrong with it is over. */
  freeHands(workerId: string): void {
    this.#recover(workerId);
  }

  /**
   * The worker goes on with jobs that it was told to stop, and nobody here can end it: it gets no others, and keeps those
   * that it runs beside them. False when no such worker is connected.
   */
  wontStop(workerId: string, jobIds: readonly string[]): boolean {
    const worker = this.#parts.find(workerId);
    if (!worker?.pool || worker.life.state === 'stopped') return false;
    this.#jobs.close(workerId);
    // On its way out it is drained, and that is not to be taken back.
    if (!['stopping', 'outdated'].includes(worker.life.state))
      this.#parts.apply(worker, { type: 'unhealthy', reason: describeStubborn(jobIds) });
    return true;
  }

  /** It has ended what it would not stop. */
  hasStopped(workerId: string): void {
    this.#recover(workerId);
  }

  #recover(workerId: string): void {
    const worker = this.#parts.find(workerId);
    if (!worker?.pool || worker.life.state !== 'unhealthy') return;
    this.#jobs.reopen(workerId);
    this.#parts.apply(worker, { type: 'recovered' });
  }

  /**
   * No jobs for anybody any more. Waits until they hold none, or until their drain has taken long enough; what they
   * still run then stays with them, since they outlive this gateway and report to the next one.
   */
  async stop(workers: readonly FleetWorker[]): Promise<void> {
    this.#isStopped = true;
    await Promise.all(
      workers.map(async (worker) => {
        this.#jobs.close(worker.id);
        this.#parts.apply(worker, { type: 'stop', reason: 'the gateway stops' });
        await this.#untilFree(worker);
        worker.pool?.release();
        await worker.over;
      }),
    );
    await this.#bindings.close();
  }

  /** What it was told to stop is nobody's any more, and nothing to wait for. */
  #untilFree(worker: FleetWorker): Promise<void> {
    const { signal } = worker.drainLimit;
    return new Promise((resolve) => {
      const look = () => {
        if (worker.life.jobs > 0 && this.#jobs.held(worker.id) > 0 && !signal.aborted) return;
        unwatch();
        signal.removeEventListener('abort', look);
        resolve();
      };
      const unwatch = this.#parts.onChange(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  #join(call: PoolCall, remembered: PoolBinding | undefined): FleetWorker | undefined {
    const { options, apply, add } = this.#parts;
    const { workerId: id, endpoint } = call;
    // An admin may speak for the worker, and does not take its id away.
    const keyId = remembered?.endpoint === endpoint.name ? remembered.keyId : call.keyId;
    // An admin's key works on every endpoint, as a stand-in for a worker that nobody asked for.
    if (this.#isStopped || !takesPoolWorkers(endpoint)) return undefined;
    const pool = createPoolWorker({
      id,
      keyId,
      clock: options.clock,
      silenceMs: options.leaseMs ?? DEFAULT_LEASE_MS,
    });
    const worker = { ...newWorker(id, endpoint, options.clock.now(), 'pool'), process: pool, pool };
    options.log.info({ worker: id, endpoint: endpoint.name, ...call.client?.() }, 'a worker has connected');
    worker.over = this.#outlive(worker);
    if (keyId !== undefined) this.#bindings.bind({ workerId: id, endpoint: endpoint.name, keyId });
    add(worker);
    // It may have been at work while the gateway was away.
    const held = this.#jobs.held(id);
    if (held > 0) apply(worker, { type: 'jobs', count: held });
    return worker;
  }

  async #outlive(worker: FleetWorker & { readonly pool: PoolWorker }): Promise<void> {
    const { options, apply, forgetOld } = this.#parts;
    const exit = await worker.pool.exited;
    apply(worker, { type: 'exited', exit });
    worker.ended.abort();
    // Released: it is not lost, and its jobs neither.
    if (exit.problem === undefined) return;
    this.#bindings.free(worker.id);
    const failure = failureOf(worker);
    options.log.info({ worker: worker.id, endpoint: worker.endpoint.name }, failure.message);
    try {
      await options.onWorkerLost(worker.id, worker.endpoint.name, failure);
    } catch (error) {
      options.log.warn(
        { worker: worker.id, error },
        'the jobs of a worker that is gone could not be released',
      );
    }
    forgetOld(worker.endpoint.name);
  }
}

function findRefusal(
  { workerId, endpoint, keyId }: PoolCall,
  known: FleetWorker | undefined,
  remembered: PoolBinding | undefined,
): string | undefined {
  if (!takesPoolWorkers(endpoint)) {
    return `the endpoint ${endpoint.name} takes no workers from elsewhere; add \`pool\` to endpoints.${endpoint.name}.backends in spillway.yaml`;
  }
  if (!WORKER_ID.test(workerId)) {
    return 'a worker id (RUNPOD_POD_ID) has 1 to 128 letters, digits, ".", "_", ":" and "-"';
  }
  if (known && known.backend !== 'pool') return `the worker ${workerId} was started by this gateway`;
  if (known ? known.life.state === 'stopped' : !remembered) return undefined;
  const ownEndpoint = known ? known.endpoint.name : remembered?.endpoint;
  if (ownEndpoint !== endpoint.name) {
    return `the worker ${workerId} works for another endpoint; give this one an id of its own (RUNPOD_POD_ID)`;
  }
  // The first key stays the worker's own as long as it is connected.
  const ownKeyId = known ? known.pool?.keyId : remembered?.keyId;
  if (ownKeyId === keyId) return undefined;
  return `the worker ${workerId} is connected with another key; give this one an id of its own (RUNPOD_POD_ID)`;
}

function describeStubborn(jobIds: readonly string[]): string {
  const jobs = jobIds.length === 1 ? `the job ${jobIds[0]}` : `${jobIds.length} jobs (${jobIds.join(', ')})`;
  return `does not stop: it goes on with ${jobs}, cancelled or out of time; it gets no other jobs until it has ended that`;
}
