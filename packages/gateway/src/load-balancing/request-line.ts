import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { Affinity } from './affinity.ts';
import { type BalancedWorker, decideWorker, hasRoom } from './decide-worker.ts';

/** The right to send one request to one worker; to be released when the request is over. */
export interface Permit {
  readonly workerId: string;
  /** Where the worker listens, on this machine. */
  readonly port: number;
  /** The request became a WebSocket: it may stay open for ever, so a drain doesn't wait for its end. */
  becomeSocket(): void;
  /** Idempotent. */
  release(outcome: RequestOutcome): void;
}

/** abandoned: the client left · refused: nothing was sent, and the request goes to another worker */
export type RequestOutcome = 'answered' | 'failed' | 'abandoned' | 'refused';

export interface LineCounts {
  readonly waiting: number;
  readonly open: number;
  readonly answered: number;
  readonly failed: number;
}

export interface RequestLineOptions {
  readonly clock: Clock;
  /** Requests that one worker takes at a time. */
  capacity(): number;
  /** How long a request waits for any worker. */
  readonly waitTimeoutMs: number;
  /** Told of every change of the waiting; with a worker, that it has so many open requests now. */
  onChange(worker?: { readonly id: string; readonly open: number }): void;
  /** Why there is no worker with room, as a clause. */
  explain(): string;
}

/** How long a request waits for the one worker it wants (RunPod: about 5 minutes). */
export const STRICT_WAIT_MS = 300_000;

interface LineWorker extends BalancedWorker {
  isHealthy: boolean;
  isLeaving: boolean;
  open: number;
  usedAt: number;
  port: number;
  sockets: number;
}

interface Waiter {
  readonly affinity: Affinity;
  readonly since: number;
  readonly granted: PromiseWithResolvers<Permit>;
  /** Aborts when it waits no more. */
  readonly over: AbortController;
}

/**
 * The requests to one endpoint whose workers serve HTTP themselves: those that wait for a worker, first come, first
 * served, and how many are open on each worker. It moves no bytes.
 */
export class RequestLine {
  readonly #options: RequestLineOptions;
  readonly #workers = new Map<string, LineWorker>();
  readonly #waiters = new Set<Waiter>();
  readonly #drains = new Set<() => void>();
  /** How many of the waiters want one certain worker. */
  #strictWaiters = 0;
  #answered = 0;
  #failed = 0;

  constructor(options: RequestLineOptions) {
    this.#options = options;
  }

  /** Resolves when a worker has room for the request. Rejects with a GatewayError, or with the signal's reason. */
  async enter(affinity: Affinity, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    const { clock, waitTimeoutMs } = this.#options;
    const waiter: Waiter = {
      affinity,
      since: clock.now(),
      granted: Promise.withResolvers<Permit>(),
      over: new AbortController(),
    };
    const leave = () => this.#refuse(waiter, signal.reason);
    signal.addEventListener('abort', leave, { once: true, signal: waiter.over.signal });
    this.#waiters.add(waiter);
    if (affinity.wish === 'only') this.#strictWaiters += 1;
    this.#grant();
    if (!waiter.over.signal.aborted) {
      this.#options.onChange();
      const limitMs = affinity.wish === 'only' ? Math.max(STRICT_WAIT_MS, waitTimeoutMs) : waitTimeoutMs;
      void clock.sleep(limitMs, waiter.over.signal).then(() => this.#giveUp(waiter, limitMs));
    }
    return waiter.granted.promise;
  }

  /** A worker is there: its port is known. */
  add(id: string, port: number): void {
    if (this.#workers.has(id)) return;
    const fresh = { isHealthy: false, isLeaving: false, open: 0, sockets: 0, usedAt: 0 };
    this.#workers.set(id, { id, port, ...fresh });
  }

  setHealthy(id: string, isHealthy: boolean): void {
    const worker = this.#workers.get(id);
    if (!worker || worker.isHealthy === isHealthy) return;
    worker.isHealthy = isHealthy;
    this.#grant();
  }

  /** The worker gets no further request; what is open on it goes on. */
  retire(id: string): void {
    const worker = this.#workers.get(id);
    if (!worker || worker.isLeaving) return;
    worker.isLeaving = true;
    this.#grant();
  }

  remove(id: string): void {
    if (!this.#workers.delete(id)) return;
    this.#settleDrains();
    this.#grant();
  }

  /** Resolves when only WebSockets are left open on the worker (`isIdle`: not even those), or at the abort. */
  drained(id: string, isIdle: boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        const worker = this.#workers.get(id);
        const left = worker ? worker.open - (isIdle ? 0 : worker.sockets) : 0;
        if (left > 0 && !signal.aborted) return;
        this.#drains.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.#drains.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  /** Something that the line isn't told of may have made room. */
  look(): void {
    this.#grant();
  }

  /** Turns away whoever waits. */
  refuseAll(error: GatewayError): void {
    for (const waiter of [...this.#waiters]) this.#refuse(waiter, error);
  }

  isHealthy(id: string): boolean {
    return this.#workers.get(id)?.isHealthy ?? false;
  }

  open(id: string): number {
    return this.#workers.get(id)?.open ?? 0;
  }

  /** Requests that more workers could serve: those that want one certain worker are none of them. */
  get demand(): { readonly count: number; readonly oldestAt?: number } {
    const open = [...this.#waiters].filter(({ affinity }) => affinity.wish !== 'only');
    const oldest = open[0];
    return { count: open.length, ...(oldest ? { oldestAt: oldest.since } : {}) };
  }

  get counts(): LineCounts {
    let open = 0;
    for (const worker of this.#workers.values()) open += worker.open;
    return { waiting: this.#waiters.size, open, answered: this.#answered, failed: this.#failed };
  }

  /** Sends on whoever can go, in the order of arrival. */
  #grant(): void {
    const capacity = this.#options.capacity();
    const someRoom = () => [...this.#workers.values()].some((worker) => hasRoom(worker, capacity));
    let isRoom = someRoom();
    for (const waiter of this.#waiters) {
      // Only those that want one certain worker may learn something while all are busy: that it is gone.
      if (!isRoom && this.#strictWaiters === 0) return;
      if (!isRoom && waiter.affinity.wish !== 'only') continue;
      const choice = decideWorker(this.#workers.values(), capacity, waiter.affinity);
      if (choice.type === 'gone') this.#refuse(waiter, workerGone(waiter.affinity));
      if (choice.type !== 'send') continue;
      const worker = this.#workers.get(choice.workerId);
      if (!worker) continue;
      this.#leave(waiter);
      waiter.granted.resolve(this.#permit(worker));
      isRoom = someRoom();
    }
  }

  #permit(worker: LineWorker): Permit {
    const { clock, onChange } = this.#options;
    const { id, port } = worker;
    let isSocket = false;
    let isReleased = false;
    worker.open += 1;
    worker.usedAt = clock.now();
    onChange({ id, open: worker.open });
    return {
      workerId: id,
      port,
      becomeSocket: () => {
        if (isSocket || isReleased) return;
        isSocket = true;
        worker.sockets += 1;
        this.#settleDrains();
      },
      release: (outcome) => {
        if (isReleased) return;
        isReleased = true;
        worker.open -= 1;
        if (isSocket) worker.sockets -= 1;
        if (outcome === 'answered') this.#answered += 1;
        if (outcome === 'failed') this.#failed += 1;
        onChange({ id, open: worker.open });
        this.#settleDrains();
        this.#grant();
      },
    };
  }

  #giveUp(waiter: Waiter, limitMs: number): void {
    if (waiter.over.signal.aborted) return;
    const seconds = limitMs / 1000;
    const { affinity } = waiter;
    const error =
      affinity.wish === 'only'
        ? new GatewayError(
            'WORKER_TIMEOUT',
            `timed out waiting for worker ${affinity.workerId}: it had no room within ${seconds} s`,
          )
        : new GatewayError(
            'NO_WORKERS_AVAILABLE',
            `no workers available: timed out waiting for worker, none had room within ${seconds} s (${this.#options.explain()})`,
          );
    this.#refuse(waiter, error);
  }

  #refuse(waiter: Waiter, reason: unknown): void {
    if (!this.#waiters.has(waiter)) return;
    if (reason instanceof GatewayError) this.#failed += 1;
    this.#leave(waiter);
    waiter.granted.reject(reason);
    this.#options.onChange();
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (waiter.affinity.wish === 'only') this.#strictWaiters -= 1;
    // With a reason, since one is made otherwise, with its stack.
    waiter.over.abort('over');
  }

  #settleDrains(): void {
    for (const look of [...this.#drains]) look();
  }
}

function workerGone(affinity: Affinity): GatewayError {
  const id = affinity.wish === 'any' ? '' : affinity.workerId;
  return new GatewayError(
    'AFFINITY_WORKER_GONE',
    `the worker ${id} that the request asks for does not run any more; send it without X-Runpod-Worker-Id`,
  );
}
