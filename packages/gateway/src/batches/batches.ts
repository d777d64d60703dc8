import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { Ids } from '../lib/ids.ts';
import { createOneAtATime } from '../lib/one-at-a-time.ts';
import { BATCH_LIMITS, type Batch, type BatchRequest, totalOf } from './batch.ts';
import { createBatchFeeder, type ToSubmission } from './batch-feeder.ts';
import { type BatchLoop, createBatchLoop } from './batch-loop.ts';
import { type BatchProgress, createBatchProgress } from './batch-progress.ts';
import type { BatchChange, BatchStore, NewRequest, Page } from './batch-store.ts';

export interface BatchesOptions {
  readonly store: BatchStore;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toSubmission: ToSubmission;
  readonly onError: (error: unknown) => void;
}

/** Names a batch as a path does: one of another endpoint is as unknown as none. */
export interface BatchName {
  readonly endpoint: string;
  readonly id: string;
}

/** A batch with what runs of it now. */
export interface BatchView extends Batch {
  readonly runningCount: number;
}

export interface RequestView extends BatchRequest {
  /** It runs now. */
  readonly isRunning: boolean;
}

export interface RequestsView {
  readonly batch: Batch;
  readonly requests: readonly RequestView[];
  /** In the whole batch. */
  readonly total: number;
}

export function createBatches(options: BatchesOptions): Batches {
  return new Batches(options);
}

/** Everything that callers do with batches, and the loop that makes jobs of them and keeps their results. */
export class Batches {
  readonly #options: BatchesOptions;
  /** Callers and the loop take turns, so that nobody sees or changes a batch in the middle of a step. */
  readonly #inTurn = createOneAtATime();
  readonly #progress: BatchProgress;
  readonly #loop: BatchLoop;
  #unwatch: (() => void) | undefined;

  constructor(options: BatchesOptions) {
    this.#options = options;
    const progress = createBatchProgress({ ...options, onReport: () => this.#loop.pokeSoon() });
    const feed = createBatchFeeder({ ...options, progress });
    this.#progress = progress;
    this.#loop = createBatchLoop({ ...options, inTurn: this.#inTurn, feed, flush: progress.flush });
  }

  /** Takes up what the last run left. Before anything removes old jobs, since their results may not be kept yet. */
  async start(): Promise<void> {
    const { store, queue } = this.#options;
    this.#unwatch = this.#progress.watch();
    const left = (await store.openJobs()).filter((job) => job.isCancelled);
    await this.#progress.recount();
    await Promise.all(left.map((job) => queue.cancel(job.jobId)));
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    this.#unwatch?.();
  }

  /** Gives a draft. Throws BATCH_LIMIT. */
  create(endpoint: string, bodies: readonly string[], keyId?: string): Promise<BatchView> {
    const { store, clock, ids } = this.#options;
    return this.#step(async () => {
      if ((await store.countActive(endpoint)) >= BATCH_LIMITS.active) throw tooManyBatches();
      if (bodies.length > BATCH_LIMITS.requests) throw tooManyRequests(bodies.length);
      const batch = { id: `batch_${ids.uuid()}`, endpoint, createdAt: clock.now(), keyId };
      await store.create(batch, this.#newRequests(bodies));
      return this.#view(await this.#find({ endpoint, id: batch.id }));
    });
  }

  add(name: BatchName, bodies: readonly string[]): Promise<BatchView> {
    const requests = this.#newRequests(bodies);
    return this.#change(name, { type: 'added', count: requests.length, requests });
  }

  remove(name: BatchName, requestId: string): Promise<BatchView> {
    return this.#step(async () => {
      await this.#find(name);
      if (await this.#options.store.request(name.id, requestId)) {
        return this.#view(await this.#apply(name, { type: 'removed', requestId }));
      }
      throw new GatewayError('BATCH_REQUEST_NOT_FOUND', 'the batch has no such request');
    });
  }

  rename(id: BatchName, name: string): Promise<BatchView> {
    return this.#change(id, { type: 'named', name });
  }

  /** The batch is locked and its requests become jobs, one after another. A second call changes nothing. */
  async finalize(name: BatchName): Promise<BatchView> {
    const { store, queue } = this.#options;
    const batch = await this.#step(async () => {
      const queued = queue.counts(name.endpoint).inQueue + (await store.countWaiting(name.endpoint));
      return this.#apply(name, { type: 'finalized', queued });
    });
    this.#loop.pokeNow();
    return this.#view(batch);
  }

  /** Ends what waits and what runs. A batch whose requests have all ended stays as it is. */
  cancel(name: BatchName): Promise<BatchView> {
    const { queue, clock } = this.#options;
    return this.#step(async () => {
      const { status } = await this.#apply(name, { type: 'cancelled', now: clock.now() });
      if (status === 'CANCELLED') await Promise.all(this.#progress.jobsOf(name.id).map(queue.cancel));
      await this.#progress.flush();
      return this.#view(await this.#find(name));
    });
  }

  /** Deletes it with its results. Throws BATCH_RUNNING. */
  async delete(name: BatchName): Promise<void> {
    await this.#change(name, { type: 'deleted' });
  }

  get(name: BatchName): Promise<BatchView> {
    return this.#step(async () => this.#view(await this.#find(name)));
  }

  /** Newest first. */
  list(endpoint: string, page: Page): Promise<{ batches: readonly BatchView[]; total: number }> {
    return this.#step(async () => {
      const { batches, total } = await this.#options.store.list(endpoint, page);
      return { batches: batches.map((batch) => this.#view(batch)), total };
    });
  }

  requests(name: BatchName, page: Page): Promise<RequestsView> {
    return this.#step(async () => {
      const batch = await this.#find(name);
      const found = await this.#options.store.requests(name.id, page);
      const requests = found.map((request) => this.#requestView(request, name.id));
      return { batch, requests, total: totalOf(batch.requests) };
    });
  }

  /** Work of a caller, on what is true now. */
  #step<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#progress.flush();
      return work();
    });
  }

  #change(name: BatchName, one: BatchChange): Promise<BatchView> {
    return this.#step(async () => this.#view(await this.#apply(name, one)));
  }

  /** Throws BATCH_NOT_FOUND and what the machine refuses. */
  async #apply(name: BatchName, one: BatchChange): Promise<Batch> {
    await this.#find(name);
    const applied = await this.#options.store.apply(name.id, one);
    if (!applied) throw notFound();
    const { decision, batch } = applied;
    if (decision.type === 'refuse') throw new GatewayError(decision.code, decision.message);
    return batch;
  }

  async #find({ endpoint, id }: BatchName): Promise<Batch> {
    const batch = await this.#options.store.get(id);
    if (batch?.endpoint !== endpoint) throw notFound();
    return batch;
  }

  #newRequests(bodies: readonly string[]): NewRequest[] {
    return bodies.map((body) => ({ id: `req_${this.#options.ids.uuid()}`, body }));
  }

  #view(batch: Batch): BatchView {
    return { ...batch, runningCount: this.#progress.runningCount(batch.id) };
  }

  #requestView(request: BatchRequest, batchId: string): RequestView {
    const startedAt = request.jobId && this.#progress.runningSince(batchId, request.jobId);
    const isRunning = typeof startedAt === 'number';
    return { ...request, isRunning, ...(isRunning ? { startedAt } : {}) };
  }
}

function notFound(): GatewayError {
  return new GatewayError('BATCH_NOT_FOUND', 'batch not found');
}

function tooManyBatches(): GatewayError {
  return new GatewayError(
    'BATCH_LIMIT',
    `an endpoint has at most ${BATCH_LIMITS.active} batches that are drafts or have open requests; finish or cancel one first`,
  );
}

function tooManyRequests(count: number): GatewayError {
  return new GatewayError(
    'BATCH_LIMIT',
    `a batch holds at most ${BATCH_LIMITS.requests} requests, and this one has ${count}; nothing was made`,
  );
}
