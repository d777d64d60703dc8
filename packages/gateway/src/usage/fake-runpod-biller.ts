import type { Clock } from '@spillway/sdk/clock';

/**
 * A RunPod for tests that runs jobs on workers and bills those: from the start of a worker to its end, cold start and idle
 * time included, seconds rounded up, by the hour. It knows nothing of attempts.
 */
export interface FakeJobPlan {
  readonly coldMs: number;
  readonly runMs: number;
  readonly fails: boolean;
}

interface FakeVolume {
  readonly id: string;
  readonly name: string;
  readonly dataCenter: string;
  /** US dollars. */
  readonly hourly: number;
}

interface FarWorker {
  readonly id: string;
  readonly startedAt: number;
  freeAt: number;
}

interface FarJob {
  readonly plan: FakeJobPlan;
  readonly worker: FarWorker;
  readonly startAt: number;
  readonly endAt: number;
  cancelledAt?: number;
}

const HOUR_MS = 3_600_000;
const MOST_WORKERS = 2;
/** Not the price table's: a bill is what RunPod says. */
const BILLED_MICROS_PER_SECOND = 306;

/** By hour: what was paid of each life by its end, less what was by its start. */
function secondsIn(workers: readonly FarWorker[], idleMs: number, at: number): number {
  let seconds = 0;
  for (const { startedAt, freeAt } of workers) {
    const paid = (time: number) =>
      Math.ceil(Math.max(0, Math.min(time, freeAt + idleMs) - startedAt) / 1_000);
    seconds += paid(at + HOUR_MS) - paid(at);
  }
  return seconds;
}

function hourRecords(at: number, totalAmount: number): object[] {
  const times = { startTime: new Date(at).toISOString(), endTime: new Date(at + HOUR_MS).toISOString() };
  return [
    { ...times, serverlessId: 'ep', totalAmount },
    { ...times, serverlessId: 'other', totalAmount: 9 },
  ];
}

function statusOf(id: string, job: FarJob | undefined, now: number): object {
  if (!job) return { id };
  const { plan, worker, startAt, endAt, cancelledAt } = job;
  if (cancelledAt !== undefined) return { id, status: 'CANCELLED' };
  if (now < startAt) return { id, status: 'IN_QUEUE' };
  if (now < endAt) return { id, status: 'IN_PROGRESS', workerId: worker.id };
  const told = { id, workerId: worker.id, executionTime: plan.runMs };
  return plan.fails
    ? { ...told, status: 'FAILED', error: 'no' }
    : { ...told, status: 'COMPLETED', output: 1 };
}

const problem = (status: number, detail: string) =>
  Response.json({ title: 'No', status, detail }, { status });

export class FakeBiller {
  plan: FakeJobPlan = { coldMs: 3_000, runMs: 1_000, fails: false };
  /** How the next submits go: taken without an answer, or throttled. */
  readonly submits: ('lost' | 'throttled')[] = [];
  /** Network volumes, which cost so much in every hour. */
  readonly volumes: FakeVolume[] = [];
  /** The key may not see bills. */
  isForbidden = false;
  readonly #workers: FarWorker[] = [];
  readonly #jobs = new Map<string, FarJob>();
  /** Of an hour that is asked for the first time, only half is known. */
  readonly #asked = new Set<number>();
  readonly #clock: Pick<Clock, 'now'>;
  readonly #idleMs: number;

  constructor(clock: Pick<Clock, 'now'>, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /** Millionths of a dollar of all lives, by an arithmetic of its own. */
  replay(): bigint {
    return this.#workers.reduce((sum, { startedAt, freeAt }) => {
      const seconds = (BigInt(freeAt + this.#idleMs - startedAt) + 999n) / 1_000n;
      return sum + seconds * BigInt(BILLED_MICROS_PER_SECOND);
    }, 0n);
  }

  readonly fetch: typeof fetch = async (to) => {
    const { host, pathname, searchParams } = new URL(String(to));
    if (host === 'api.runpod.io') return this.#bill(pathname, searchParams);
    const [operation, id = ''] = pathname.split('/').slice(3);
    if (operation === 'health') return Response.json({ jobs: {}, workers: { idle: 1, ready: 1 } });
    if (operation === 'stream') return Response.json({ stream: [] });
    if (operation !== 'run') {
      const job = this.#jobs.get(id);
      const now = this.#clock.now();
      if (operation === 'cancel' && job && now < job.endAt) job.cancelledAt ??= now;
      return Response.json(statusOf(id, job, now));
    }
    const way = this.submits.shift();
    if (way === 'throttled') return problem(429, 'slow down');
    const taken = this.#take();
    if (way === 'lost') throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    return Response.json({ id: taken, status: 'IN_QUEUE' });
  };

  #take(): string {
    const now = this.#clock.now();
    const { coldMs, runMs } = this.plan;
    const alive = this.#workers.filter(({ freeAt }) => freeAt + this.#idleMs > now);
    const isBusy = alive.every(({ freeAt }) => freeAt > now);
    if (isBusy && alive.length < MOST_WORKERS) {
      const fresh = { id: `far${this.#workers.length}`, startedAt: now, freeAt: now + coldMs };
      this.#workers.push(fresh);
      alive.push(fresh);
    }
    const worker = alive.toSorted((a, b) => a.freeAt - b.freeAt)[0] as FarWorker;
    const startAt = Math.max(now, worker.freeAt);
    worker.freeAt = startAt + runMs;
    const id = `r${this.#jobs.size + 1}`;
    this.#jobs.set(id, { plan: this.plan, worker, startAt, endAt: worker.freeAt });
    return id;
  }

  #bill(pathname: string, query: URLSearchParams): Response {
    if (pathname === '/v2/network-volumes') return Response.json({ networkVolumes: this.volumes });
    const isOfVolumes = pathname === '/v2/billing/network-volumes';
    if (pathname !== '/v2/billing/serverless' && !isOfVolumes) return problem(404, 'no route');
    if (query.get('bucketSize') !== 'hour') return problem(422, 'bucketSize');
    if (this.isForbidden) return problem(403, 'this key may not');
    const [from = 0, until = 0] = ['startTime', 'endTime'].map((name) => Date.parse(query.get(name) ?? ''));
    if (isOfVolumes) return Response.json({ records: this.#volumeRecords(from, until) });
    const records = [];
    for (let at = from; at < until; at += HOUR_MS) {
      const seconds = secondsIn(this.#workers, this.#idleMs, at);
      if (seconds === 0) continue;
      const known = this.#asked.has(at) ? 1 : 0.5;
      this.#asked.add(at);
      records.push(...hourRecords(at, (seconds * BILLED_MICROS_PER_SECOND * known) / 1e6));
    }
    return Response.json({ records });
  }

  #volumeRecords(from: number, until: number): object[] {
    const records = [];
    for (let at = from; at < until; at += HOUR_MS)
      for (const { id, hourly } of this.volumes)
        records.push({ startTime: new Date(at).toISOString(), networkVolumeId: id, totalAmount: hourly });
    return records;
  }
}
