import { LIMITS } from './limits.ts';

/**
 * What the engine should do, as plainly as it can be said: a list of jobs in memory, without a store, a commit, a
 * pump or a race. Who gets a job is not predicted but checked: the engine says to whom it gave which job, and the
 * model says whether it might, and whether it forgot somebody.
 */
export interface ModelJob {
  readonly id: string;
  /** Place among jobs of one priority. */
  readonly order: number;
  readonly priority: number;
  readonly ttlMs: number;
  readonly executionTimeoutMs: number;
  readonly mayLose: number;
  readonly mayFail: number;
  status: 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';
  queuedAt: number;
  availableAt: number;
  expiresAt: number;
  attempt: number;
  lost: number;
  failed: number;
  isSuspect: boolean;
  lease?: { worker: string; wireId: string; expiresAt: number; deadlineAt: number; misses: number };
  output?: string;
  progress?: string;
  /** How its error begins. */
  error?: string;
  chunks: string[];
  drained: number;
  finishedAt?: number;
}

/** One time a job went out. Workers remember all of theirs, also those that they should have forgotten. */
export interface Delivery {
  readonly jobId: string;
  readonly worker: string;
  readonly wireId: string;
  readonly attempt: number;
}

interface Stop {
  readonly wireId: string;
  readonly overdueAt: number;
  isTold: boolean;
  /** Its worker asked for jobs since, or did when it was told. */
  hasAsked: boolean;
  /** A heartbeat from after its time names it. */
  isNamed: boolean;
}

export interface ModelTaker {
  readonly worker: string;
  readonly max: number;
  readonly endsAt: number;
  readonly got: string[];
  /** Its client hung up. */
  isGone: boolean;
}

export class EngineModel {
  now: number;
  /** Nothing is given out. */
  isPaused = false;
  readonly jobs = new Map<string, ModelJob>();
  readonly deliveries: Delivery[] = [];
  readonly takers = new Map<string, ModelTaker>();
  readonly stops = new Map<string, Stop[]>();
  /** Keys of submits that may be repeated. */
  readonly keys = new Map<string, { jobId: string; fingerprint: string }>();
  /** Jobs that time made ready in this very moment: in which order it came to them is open. */
  fresh: ReadonlySet<string> = new Set();
  readonly totals = { completed: 0, failed: 0, retried: 0 };
  #next = 0;

  constructor(now: number) {
    this.now = now;
  }

  submit(
    job: Omit<
      ModelJob,
      'order' | 'status' | 'attempt' | 'lost' | 'failed' | 'isSuspect' | 'chunks' | 'drained'
    >,
  ) {
    this.#next += 1;
    this.jobs.set(job.id, {
      ...job,
      order: this.#next,
      status: 'IN_QUEUE',
      attempt: 0,
      lost: 0,
      failed: 0,
      isSuspect: false,
      chunks: [],
      drained: 0,
    });
  }

  // ── what is asked ──

  all(): ModelJob[] {
    return [...this.jobs.values()];
  }

  heldBy(worker: string): ModelJob[] {
    return this.all().filter((job) => job.lease?.worker === worker);
  }

  isReady(job: ModelJob): boolean {
    return job.status === 'IN_QUEUE' && job.availableAt <= this.now;
  }

  /** Ready jobs in the order of delivery. */
  ready(): ModelJob[] {
    return this.all()
      .filter((job) => this.isReady(job))
      .sort((a, b) => b.priority - a.priority || a.order - b.order);
  }

  /** May this worker have this job now? A suspect runs alone. */
  mayTake(worker: string, job: ModelJob): boolean {
    const held = this.heldBy(worker);
    return job.isSuspect ? held.length === 0 : held.every((one) => !one.isSuspect);
  }

  /** Is this delivery the one that the job's worker runs now? */
  isCurrent({ jobId, attempt }: Delivery): boolean {
    const job = this.jobs.get(jobId);
    return job?.lease !== undefined && job.attempt === attempt;
  }

  // ── what happens to a job ──

  /** The engine gave a job to a worker. Answers what is wrong with that, if anything is. */
  lease(id: string, worker: string, wireId: string): string | undefined {
    const job = this.jobs.get(id);
    const taker = this.takers.get(worker);
    if (this.isPaused) return `${id} went out while the endpoint was paused`;
    if (!job || !this.isReady(job)) return `${id} was given out, but is not ready: ${JSON.stringify(job)}`;
    if (!taker || taker.got.length >= taker.max) return `${id} went to ${worker}, which did not ask for it`;
    const first = this.ready().find(
      (one) => one === job || (this.mayTake(worker, one) && !this.fresh.has(one.id)),
    );
    if (first !== job || !this.mayTake(worker, job)) return `${id} went to ${worker} before ${first?.id}`;
    const wasUsed = this.deliveries.some((one) => one.worker === worker && one.wireId === wireId);
    if (wasUsed) return `${id} went to ${worker} twice under the wire id ${wireId}`;
    taker.got.push(id);
    job.status = 'IN_PROGRESS';
    if (job.attempt > 0) Object.assign(job, { chunks: [], drained: 0 });
    job.attempt += 1;
    delete job.progress;
    job.lease = {
      worker,
      wireId,
      expiresAt: this.now + LIMITS.leaseMs,
      deadlineAt: this.now + job.executionTimeoutMs,
      misses: 0,
    };
    this.deliveries.push({ jobId: id, worker, wireId, attempt: job.attempt });
    return undefined;
  }

  renew(job: ModelJob): void {
    if (job.lease) Object.assign(job.lease, { expiresAt: this.now + LIMITS.leaseMs, misses: 0 });
  }

  end(
    job: ModelJob,
    status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT',
    result: Partial<ModelJob>,
  ): void {
    // A worker that runs on must be told.
    const mustStop =
      status === 'CANCELLED' || status === 'TIMED_OUT' || result.error === 'executionTimeout exceeded';
    if (job.lease && mustStop) {
      const { worker, wireId } = job.lease;
      const overdueAt = this.now + LIMITS.graceMs;
      const stop = { wireId, overdueAt, isTold: false, hasAsked: false, isNamed: false };
      this.stops.set(worker, [...(this.stops.get(worker) ?? []), stop]);
    }
    delete job.lease;
    delete job.progress;
    Object.assign(job, { status, finishedAt: this.now, ...result });
    if (status === 'COMPLETED') this.totals.completed += 1;
    else if (status !== 'CANCELLED') this.totals.failed += 1;
  }

  requeue(job: ModelJob, availableAt = this.now): void {
    delete job.lease;
    delete job.progress;
    Object.assign(job, { status: 'IN_QUEUE', availableAt });
    this.totals.retried += 1;
  }

  /** Its worker is gone. With others beside it, none is to blame yet. */
  lose(job: ModelJob, wasShared: boolean): void {
    if (wasShared) job.isSuspect = true;
    else job.lost += 1;
    if (wasShared || job.lost <= job.mayLose) this.requeue(job);
    else this.end(job, 'FAILED', { error: `job timed out after ${job.mayLose} retries: ` });
  }

  fail(job: ModelJob, error: string, isRetryable: boolean): void {
    if (!isRetryable || job.failed >= job.mayFail) {
      this.end(job, 'FAILED', { error });
    } else {
      job.failed += 1;
      this.requeue(job, this.now + 1_000 * 2 ** (job.failed - 1));
    }
  }

  /** It was kept long enough, and its key with it. */
  forget(id: string): void {
    this.jobs.delete(id);
    for (const [key, { jobId }] of this.keys) if (jobId === id) this.keys.delete(key);
  }

  retry(job: ModelJob): void {
    delete job.output;
    delete job.error;
    delete job.finishedAt;
    Object.assign(job, { lost: 0, failed: 0, queuedAt: this.now, expiresAt: this.now + job.ttlMs });
    this.requeue(job);
  }

  // ── what happens to a worker ──

  workerLost(worker: string): void {
    this.stops.delete(worker);
    const held = this.heldBy(worker);
    for (const job of held) this.lose(job, held.length > 1);
  }

  handBack(worker: string): void {
    for (const job of this.heldBy(worker)) this.requeue(job);
  }

  keepStops(worker: string, isKept: (stop: Stop) => boolean): void {
    this.stops.set(worker, (this.stops.get(worker) ?? []).filter(isKept));
  }

  /** Its worker asks for jobs while it runs some. */
  asks(worker: string): void {
    for (const stop of this.stops.get(worker) ?? []) stop.hasAsked = true;
  }

  /** A heartbeat: what it leaves out was stopped, if the worker had heard of it. */
  namesOnly(worker: string, wireIds: ReadonlySet<string>): void {
    this.keepStops(worker, (stop) => !stop.isTold || wireIds.has(stop.wireId));
    for (const stop of this.stops.get(worker) ?? [])
      if (stop.overdueAt <= this.now && wireIds.has(stop.wireId)) stop.isNamed = true;
  }

  /** Workers that ran a stopped job on for too long. Of one that may have stopped it two heartbeats are waited for. */
  overdue(): string[] {
    return [...this.stops]
      .filter(([, stops]) =>
        stops.some(({ overdueAt, isTold, hasAsked, isNamed }) => {
          const mayHaveStopped = isTold && hasAsked && !isNamed;
          return overdueAt + (mayHaveStopped ? 2 * LIMITS.heartbeatMs : 0) <= this.now;
        }),
      )
      .map(([id]) => id);
  }

  // ── time ──

  /** All deadlines that are over at `now` take effect. */
  passTo(now: number): void {
    const wasReady = new Set(this.ready().map(({ id }) => id));
    this.now = now;
    this.#tick();
    this.fresh = new Set(this.ready().flatMap(({ id }) => (wasReady.has(id) ? [] : [id])));
  }

  #tick(): void {
    for (const job of this.all()) {
      if (job.finishedAt !== undefined) continue;
      if (job.expiresAt <= this.now) this.end(job, 'TIMED_OUT', { error: "the job's time to live" });
      else if (job.lease && job.lease.deadlineAt <= this.now)
        this.end(job, 'FAILED', { error: 'executionTimeout exceeded' });
      else if (job.lease && job.lease.expiresAt <= this.now) this.lose(job, false);
    }
  }

  /** A gateway ended and another one is there. What only the old one knew is gone. */
  restarted(isGone: (worker: string) => boolean): void {
    this.isPaused = false;
    this.takers.clear();
    this.stops.clear();
    for (const job of this.all()) {
      if (!job.lease) continue;
      if (isGone(job.lease.worker)) this.requeue(job);
      else this.renew(job);
    }
  }
}
