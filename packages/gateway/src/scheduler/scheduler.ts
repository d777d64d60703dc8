import type { WorkerState } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import { type BackendKind, type Endpoint, startsWorkers } from '../endpoints/endpoint.ts';
import type { GiveWay, Place } from '../fleet/gpu/gpu-placer.ts';
import type { WorkerGpu } from '../fleet/gpu/worker-gpu.ts';
import { decideGiveWay, type SharingWorker } from './decide-give-way.ts';
import { decideMinimum, nextWindowChange } from './decide-minimum.ts';
import { ACTIVE_STATES, decideScale } from './decide-scale.ts';
import type { QueueSnapshot, QueueView } from './queue-view.ts';

/**
 * The loop that keeps each endpoint at the number of workers that `decideScale` asks for. It looks when it is poked
 * (a job came, a worker changed) and when time alone may change the decision; it never polls for its own sake.
 */
export interface SchedulerOptions {
  readonly clock: Clock;
  readonly endpoints: Iterable<Endpoint>;
  readonly queue: QueueView;
  readonly fleet: ScheduledFleet;
  /** Where workers go; without it they see every card of the machine. */
  readonly placer?: {
    place(endpoint: Endpoint, giveWay: () => Promise<GiveWay>): Promise<Place>;
    release(endpoint: string): void;
  };
  readonly log: { warn(fields: object, message: string): void };
}

/** What the scheduler uses of the fleet. */
export interface ScheduledFleet {
  workers(endpoint: string): readonly (SharingWorker & { readonly backend?: BackendKind })[];
  startsAllowed(endpoint: string): number;
  nextStartAt(endpoint: string): number;
  startWorker(endpoint: Endpoint, gpu?: WorkerGpu): string | undefined;
  stopWorker(workerId: string, reason: string): Promise<void>;
  onChange(listener: () => void): () => void;
}

/** A poke that got lost must not leave a job waiting for ever. */
const MAX_WAIT_MS = 30_000;
/** Thousands of jobs a second poke as often; the first look is at once, the next ones this far apart. */
const MIN_WAIT_MS = 50;

export function createScheduler(options: SchedulerOptions): Scheduler {
  return new Scheduler(options);
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #lastStartAt = new Map<string, number>();
  readonly #ended = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#loop || this.#ended.signal.aborted) return;
    this.#unsubscribe = this.#options.fleet.onChange(() => this.poke());
    this.#loop = this.#run();
  }

  /** Resolves when the loop has ended; no worker is started or stopped after it. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#ended.abort();
    this.poke();
    await this.#loop;
  }

  /** Has every endpoint looked at soon; many pokes at once make one look. */
  poke(): void {
    // An abort without a reason makes one, with its stack, even when it comes too late.
    if (!this.#wake.signal.aborted) this.#wake.abort('poked');
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#wake = new AbortController();
      const { clock } = this.#options;
      const lookedAt = clock.now();
      let lookAgainAt = lookedAt + MAX_WAIT_MS;
      for (const endpoint of this.#options.endpoints) {
        lookAgainAt = Math.min(lookAgainAt, (await this.#scale(endpoint)) ?? lookAgainAt);
      }
      await clock.sleep(lookAgainAt - clock.now(), this.#wake.signal);
      await clock.sleep(lookedAt + MIN_WAIT_MS - clock.now(), this.#ended.signal);
    }
  }

  /** One look at one endpoint; returns when time alone may call for the next. */
  async #scale(endpoint: Endpoint): Promise<number | undefined> {
    const { clock, queue, fleet, log } = this.#options;
    const { name } = endpoint;
    if (!startsWorkers(endpoint)) return undefined;
    try {
      const jobs = await queue.snapshot(name);
      if (this.#ended.signal.aborted) return undefined;
      const { warm = [], ...limits } = endpoint.workers;
      const workers = fleet.workers(name);
      const min = decideMinimum(limits, warm, clock.now());
      const decision = decideScale({
        limits: jobs.isUnpaid ? { ...limits, min: 0, idleTimeoutMs: 0 } : { ...limits, min },
        scaling: endpoint.scaling,
        queue: jobs,
        workers: workers.filter(({ backend }) => backend !== 'pool'),
        poolWorkers: workers.filter(takesJobsUnasked).length,
        lastStartAt: this.#lastStartAt.get(name),
        startsAllowed: jobs.isPaused ? 0 : fleet.startsAllowed(name),
        nextStartAt: fleet.nextStartAt(name),
        now: clock.now(),
      });
      const blockedUntil = await this.#startWorkers(endpoint, decision.start, jobs);
      for (const id of decision.stop) {
        void fleet.stopWorker(id, `it was idle for ${endpoint.workers.idleTimeoutMs / 1000} s`);
      }
      const times = [decision.lookAgainAt, nextWindowChange(warm, clock.now()), blockedUntil];
      return times.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a));
    } catch (error) {
      // One endpoint's trouble must not stop the others' scaling.
      log.warn({ endpoint: name, error }, 'an endpoint could not be scaled');
      return undefined;
    }
  }

  /** Starts as many as there is room for; answers when room may come unseen, where there is none. */
  async #startWorkers(endpoint: Endpoint, count: number, jobs: QueueSnapshot): Promise<number | undefined> {
    const { clock, fleet, placer, log } = this.#options;
    const { name } = endpoint;
    for (let i = 0; i < count; i += 1) {
      const place: Place = placer
        ? await placer.place(endpoint, () => this.#giveWay(endpoint, jobs))
        : { type: 'placed' };
      if (this.#ended.signal.aborted) return undefined;
      if (place.type === 'blocked') {
        for (const id of place.giveWay) {
          void fleet.stopWorker(id, `a job of ${name} needs its memory on the card`);
        }
        return place.lookAgainAt;
      }
      if (place.remark !== undefined) {
        log.warn({ endpoint: name }, `a worker runs on the CPU: ${place.remark}`);
      }
      if (fleet.startWorker(endpoint, place.gpu) !== undefined) this.#lastStartAt.set(name, clock.now());
    }
    placer?.release(name);
    return undefined;
  }

  /** Workers of other endpoints that may end for a job that waits here. */
  async #giveWay(asking: Endpoint, jobs: QueueSnapshot): Promise<GiveWay> {
    const { clock, endpoints, fleet, queue } = this.#options;
    const others = [];
    for (const endpoint of endpoints) {
      if (endpoint.name === asking.name || !startsWorkers(endpoint)) continue;
      const { warm = [], ...limits } = endpoint.workers;
      others.push({
        min: decideMinimum(limits, warm, clock.now()),
        queue: await queue.snapshot(endpoint.name),
        workers: fleet.workers(endpoint.name).filter(({ backend }) => backend !== 'pool'),
      });
    }
    const hasWorkers = fleet.workers(asking.name).some(({ state }) => ACTIVE_STATES.includes(state));
    return decideGiveWay({ queue: jobs, hasWorkers }, others, clock.now());
  }
}

/** A worker that connected by itself and takes jobs. */
function takesJobsUnasked({ backend, state }: { backend?: BackendKind; state: WorkerState }): boolean {
  return backend === 'pool' && (state === 'idle' || state === 'running');
}
