import type { Clock } from '@spillway/sdk/clock';
import type { Endpoint, RemoteBackend } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import type { JobChange, JobQueue } from '../jobs/queue.ts';
import type { Ids } from '../lib/ids.ts';
import { decideReturn, decideRoute, type LocalView, type RouteReason, waitNeededMs } from './decide-route.ts';
import { isGoneThere, runRemoteAttempt } from './remote-attempt.ts';
import { createRemotePlace, type RemotePlace } from './remote-backend.ts';
import type { RemoteAttempt, RemoteStore } from './remote-store.ts';
import { ENVELOPE_BYTES, SUBMIT_LIMIT_BYTES } from './submit-body.ts';

/**
 * The loop that hands waiting jobs to RunPod, one for each endpoint that has it among its backends, and the life of what
 * was handed over: leases, restarts, what is to be cancelled there. What is to go is decided by `decideRoute`.
 */
export interface SpillRouterOptions {
  readonly endpoints: Iterable<Endpoint>;
  readonly queue: JobQueue;
  readonly store: RemoteStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: () => number;
  /** The input as it goes out. */
  readonly inputFor: (job: Job) => string;
  readonly leaseMs: number;
  /** What the backends here can do for the endpoint. */
  readonly local: (endpoint: Endpoint) => LocalView;
  readonly isPaused: (endpoint: string) => boolean;
  /** A worker's stop requests are settled: its attempt is not run here. */
  readonly forgetStops: (workerId: string) => void;
  /** What attempts there may cost, and what they cost. */
  readonly costs: SpillCosts;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly fetch?: typeof fetch;
}

/** The budget of what goes to RunPod, as its owner keeps it. */
export interface SpillCosts {
  /** Sets aside what an attempt is expected to cost; false where there is too little. */
  reserve(workerId: string, job: Spender): boolean;
  /** The same for one that is there already, whatever is left. */
  keep(workerId: string, job: Spender): void;
  release(workerId: string): void;
  /** Why such a job is not paid for now, as a clause. */
  obstacle(job: Spender): string | undefined;
  /** While no job of the endpoint is paid for: until when, unless one that runs there ends before. */
  blockedUntil(endpoint: string): number | undefined;
  /** Keys whose jobs are not paid for, though others' are. */
  blockedKeys(endpoint: string): readonly string[];
  note(workerId: string, report: { readonly executionMs?: number; readonly workerId?: string }): void;
}

/** Whose money an attempt costs. */
interface Spender {
  readonly endpoint: string;
  readonly keyId?: string | undefined;
}

/** What stands in a job's way to RunPod. */
export interface SpillObstacle {
  /** `BUDGET`: it is not paid for. */
  readonly code: 'BUDGET' | 'RUNPOD';
  readonly message: string;
}

/** Workers of no fleet; no other id has a colon. */
const WORKER_PREFIX = 'runpod:';
const STOP_WITHIN_MS = 5_000;
const SWEEP_EVERY_MS = 10_000;
const KEPT_MS = 7 * 86_400_000;
const AFTER_ERROR_MS = 1_000;
const IDLE_MS = 60_000;
const INPUT_LIMIT_BYTES = SUBMIT_LIMIT_BYTES - ENVELOPE_BYTES;

export type SpillRouter = ReturnType<typeof createSpillRouter>;

export function createSpillRouter(options: SpillRouterOptions) {
  const routes = new Map<string, EndpointRoute>();
  for (const endpoint of options.endpoints)
    if (endpoint.remote) routes.set(endpoint.name, new EndpointRoute(options, endpoint, endpoint.remote));
  const { queue, store } = options;
  let unwatch: (() => void) | undefined;
  return {
    /** Goes on with what the last gateway left; call it once leases are restored. */
    async start(): Promise<void> {
      if (routes.size === 0) return;
      unwatch = queue.watch((change) => routes.get(change.endpoint)?.note(change));
      const left = store.left();
      const known = new Set(left.map(({ workerId }) => workerId));
      for (const workerId of queue.held.workers())
        if (workerId.startsWith(WORKER_PREFIX) && !known.has(workerId))
          await queue.handBack(workerId, 'the gateway was restarted before it was submitted to RunPod');
      for (const attempt of left) await routes.get(attempt.endpoint)?.resume(attempt);
      for (const route of routes.values()) route.start();
    },
    /** Jobs that run at RunPod run on. */
    async stop(): Promise<void> {
      unwatch?.();
      await Promise.all([...routes.values()].map((route) => route.stop()));
    },
    /** Something here changed: a worker came, or can't start any more. */
    poke(endpoint?: string): void {
      if (endpoint !== undefined) routes.get(endpoint)?.poke();
      else for (const route of routes.values()) route.poke();
    },
    /** What stands in a waiting job's way to RunPod, as a clause; undefined where nothing does, or none is there. */
    obstacle: (job: Pick<Job, 'id' | 'endpoint' | 'keyId'>): SpillObstacle | undefined =>
      routes.get(job.endpoint)?.obstacle(job),
    /** Attempts of the job that went to RunPod. */
    attempts: (job: Pick<Job, 'id' | 'endpoint'>): readonly RemoteAttempt[] | undefined =>
      routes.has(job.endpoint) ? store.ofJob(job.id) : undefined,
  };
}

/** The loop of one endpoint. */
class EndpointRoute {
  readonly #options: SpillRouterOptions;
  readonly #endpoint: Endpoint;
  readonly #place: RemotePlace;
  readonly #stopping = new AbortController();
  /** Ends of attempts, by worker id. */
  readonly #leases = new Map<string, AbortController>();
  /** Jobs that RunPod will never take, and what it said. */
  readonly #refused = new Map<string, string>();
  #wake = new AbortController();
  #loops: Promise<unknown> | undefined;

  constructor(options: SpillRouterOptions, endpoint: Endpoint, remote: RemoteBackend) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#place = createRemotePlace(remote, () => options.clock.now(), options.fetch);
  }

  start(): void {
    this.#loops ??= Promise.all([this.#route(), this.#keepLeases(), this.#sweep()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.poke();
    const { clock } = this.#options;
    const settled = Promise.all([this.#loops, ...this.#place.running.values()]);
    const enough = new AbortController();
    await Promise.race([settled, clock.sleep(STOP_WITHIN_MS, enough.signal)]);
    enough.abort();
  }

  poke(): void {
    if (!this.#wake.signal.aborted) this.#wake.abort('poked');
  }

  note({ transition, isNew }: JobChange): void {
    const before = transition?.before.lease?.workerId;
    if (before?.startsWith(WORKER_PREFIX) && transition?.after.lease?.workerId !== before) {
      this.#options.forgetStops(before);
      this.#leases.get(before)?.abort();
    }
    if (transition?.after.finishedAt !== undefined) this.#refused.delete(transition.after.id);
    if (isNew || transition?.after.status === 'IN_QUEUE') this.poke();
  }

  obstacle(job: Pick<Job, 'id' | 'endpoint' | 'keyId'>): SpillObstacle | undefined {
    const refusal = this.#refused.get(job.id);
    if (refusal !== undefined) return { code: 'RUNPOD', message: `RunPod does not take it: ${refusal}` };
    const unpaid = this.#options.costs.obstacle(job);
    if (unpaid !== undefined) return { code: 'BUDGET', message: `it does not go to RunPod: ${unpaid}` };
    const problem = this.#place.problem();
    if (problem === undefined) return undefined;
    return { code: 'RUNPOD', message: `none goes to RunPod for now: ${problem}` };
  }

  /** An attempt that the last gateway left. */
  async resume(attempt: RemoteAttempt): Promise<void> {
    const { queue, store, clock } = this.#options;
    const { workerId, jobId, remoteId, state } = attempt;
    if (state === 'cancel') return;
    const job = await queue.get(jobId);
    if (job?.lease?.workerId !== workerId) {
      await store.end(workerId, remoteId === undefined ? 'unseen' : 'cancel', clock.now());
      return;
    }
    if (remoteId !== undefined) {
      this.#options.costs.keep(workerId, job);
      return this.#run(attempt, job);
    }
    await store.end(workerId, 'unseen', clock.now());
    await queue.handBackJob(
      workerId,
      jobId,
      'the gateway was restarted before RunPod had answered the submit',
    );
  }

  async #route(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      let lookAgainAt = clock.now() + IDLE_MS;
      try {
        lookAgainAt = await this.#look(lookAgainAt);
      } catch (error) {
        log.warn({ endpoint: this.#endpoint.name, err: error }, 'jobs could not be routed; it goes on');
        lookAgainAt = clock.now() + AFTER_ERROR_MS;
      }
      await clock.sleep(
        lookAgainAt - clock.now(),
        AbortSignal.any([this.#wake.signal, this.#stopping.signal]),
      );
    }
  }

  /** One look; answers when the next one is due. */
  async #look(atLatest: number): Promise<number> {
    const { clock, queue, local: viewLocal, isPaused } = this.#options;
    const { name } = this.#endpoint;
    const { ready } = queue.counts(name);
    await this.#place.probe(ready > 0);
    if (ready === 0 && this.#place.running.size === 0) return atLatest;
    const probeAt = Math.max(clock.now() + 1, this.#place.nextProbeAt() ?? atLatest);
    if (ready === 0 || isPaused(name)) return Math.min(atLatest, probeAt);
    const blockedUntil = this.#options.costs.blockedUntil(name);
    if (blockedUntil !== undefined) return Math.min(atLatest, probeAt, blockedUntil);
    const rule = this.#place.settings;
    const local = viewLocal(this.#endpoint);
    const room = this.#place.room();
    const now = clock.now();
    const waiting =
      room === 0
        ? []
        : await queue.waitingSince({
            endpoint: name,
            before: now - waitNeededMs({ rule, local }),
            withLowPriority: local.type === 'none',
            mostBytes: INPUT_LIMIT_BYTES,
            limit: room + this.#refused.size,
            exceptKeys: this.#options.costs.blockedKeys(name),
          });
    const decision = decideRoute({
      ...{ rule, local, room, now },
      waiting: waiting.filter(({ id }) => !this.#refused.has(id)),
      oldestSince: await queue.oldestQueuedAt(name),
    });
    const keys = new Map(waiting.map(({ id, keyId }) => [id, keyId]));
    for (const { jobId, reason } of decision.spill) await this.#spill(jobId, keys.get(jobId), reason);
    return Math.min(atLatest, probeAt, decision.lookAgainAt ?? atLatest);
  }

  async #spill(jobId: string, keyId: string | undefined, reason: RouteReason): Promise<void> {
    const { clock, ids, queue, store, leaseMs, log, costs } = this.#options;
    const { endpointId } = this.#place.settings;
    const workerId = `${WORKER_PREFIX}${endpointId}:${ids.short(10)}`;
    if (!costs.reserve(workerId, { endpoint: this.#endpoint.name, keyId })) return;
    // A worker here may have been faster.
    const placed = await queue.place(jobId, workerId, leaseMs).catch((error: unknown) => {
      costs.release(workerId);
      throw error;
    });
    if (!placed) return costs.release(workerId);
    const attempt: RemoteAttempt = {
      ...{ workerId, jobId, reason, state: 'open', remoteEndpoint: endpointId },
      endpoint: this.#endpoint.name,
      number: placed.after.attempt,
      routedAt: clock.now(),
    };
    await store.open(attempt);
    // The transition has no input.
    const job = await queue.get(jobId);
    if (job?.lease?.workerId !== workerId) return store.end(workerId, 'over', clock.now());
    log.info({ jobId, endpoint: attempt.endpoint, reason: reason.message }, 'a job goes to RunPod');
    this.#run(attempt, job);
  }

  #run(attempt: RemoteAttempt, job: Job): void {
    const { workerId } = attempt;
    const lease = new AbortController();
    this.#leases.set(workerId, lease);
    const place = this.#place;
    const isTrial = place.isOnTrial();
    if (isTrial) place.note({ type: 'trial' });
    const signals = { lost: lease.signal, stopping: this.#stopping.signal };
    const run = runRemoteAttempt(this.#partsFor(job, workerId), attempt, job, signals)
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#options.log.warn({ jobId: job.id, err: error }, 'an attempt at RunPod could not be followed');
        // Its lease ends by itself, and what it has there is swept.
        return this.#options.store.end(workerId, 'cancel', this.#options.clock.now()).catch(() => undefined);
      })
      .then(() => {
        this.#leases.delete(workerId);
        place.running.delete(workerId);
        this.#options.costs.release(workerId);
        // One that never called has told nothing.
        if (isTrial) place.note({ type: 'trial-void' });
        this.poke();
      });
    place.running.set(workerId, run);
  }

  #partsFor(job: Job, workerId: string) {
    const { queue, store, clock, random, inputFor, local, costs } = this.#options;
    const place = this.#place;
    return {
      ...{ queue, store, clock, random, inputFor, client: place.client },
      onCall: (latencyMs: number, problem?: string) => place.note({ type: 'called', latencyMs, problem }),
      onReport: (report: { executionMs?: number; workerId?: string }) => costs.note(workerId, report),
      onRefusal: (problem: string) => place.note({ type: 'health', problem }),
      returnReason: () =>
        decideReturn({
          local: local(this.#endpoint),
          waitingHere: queue.counts(job.endpoint).ready,
          remoteProblem: place.problem(),
        }),
      refuseJob: async ({ id, lease, attempt }: Job, problem: string) => {
        this.#refused.set(id, problem);
        if (local(this.#endpoint).type !== 'none' || !lease) return;
        const by = { workerId: lease.workerId, wireId: lease.wireId, attempt };
        const error = `RunPod refused the job: ${problem}`;
        await queue.fail(by, { error, failureType: 'INPUT_INVALID', isRetryable: false });
      },
    };
  }

  /** The attempts' hands are elsewhere, and here is their heartbeat. */
  async #keepLeases(): Promise<void> {
    const { clock, queue, leaseMs } = this.#options;
    while (!this.#stopping.signal.aborted) {
      for (const workerId of this.#leases.keys()) {
        const wireIds = new Set(queue.held.of(workerId).map(({ wireId }) => wireId));
        await queue.heartbeat(workerId, wireIds).catch(() => undefined);
      }
      await clock.sleep(leaseMs / 4, this.#stopping.signal);
    }
  }

  /** Cancels there what counts no more and could not be cancelled at once. */
  async #sweep(): Promise<void> {
    const { clock, store, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      try {
        for (const one of store.left()) {
          if (one.state !== 'cancel' || one.endpoint !== this.#endpoint.name) continue;
          if (this.#place.running.has(one.workerId)) continue;
          const isGone =
            one.remoteId === undefined || isGoneThere(await this.#place.client.cancel(one.remoteId));
          // What it holds ends there by the time to live that it was submitted with.
          if (isGone || clock.now() - one.routedAt > KEPT_MS)
            await store.end(one.workerId, 'over', clock.now());
        }
        await store.dropEndedBefore(clock.now() - KEPT_MS);
      } catch (error) {
        log.warn({ endpoint: this.#endpoint.name, err: error }, 'attempts at RunPod could not be swept');
      }
      await clock.sleep(SWEEP_EVERY_MS, this.#stopping.signal);
    }
  }
}
