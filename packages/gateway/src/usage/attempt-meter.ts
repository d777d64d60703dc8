import { type BackendKind, type Endpoint, remotesOf } from '../endpoints/endpoint.ts';
import { isPlaced, type Job } from '../jobs/job.ts';
import type { EndedAttempt, Transition } from '../jobs/job-machine.ts';
import type { AttemptMeter, UsageRow } from '../jobs/usage-row.ts';
import { isRemoteWorker, remoteEndpointOf } from '../remote/remote-worker.ts';
import { chargedSeconds, costOf } from './money.ts';
import type { Price, PriceBook } from './prices.ts';
import { createSharedTime } from './shared-time.ts';

/** What RunPod told of an attempt when it ended. */
export interface RemoteReport {
  /** Milliseconds in which its handler ran. */
  readonly executionMs?: number | undefined;
  readonly workerId?: string | undefined;
}

export interface MeterOptions {
  readonly endpoints: Iterable<Endpoint>;
  readonly prices: PriceBook;
  /** Which backend a worker of ours belongs to; undefined for one that is not known any more. */
  readonly backendOf: (workerId: string) => BackendKind | undefined;
}

export type UsageMeter = ReturnType<typeof createUsageMeter>;

/** Prices attempts as they end. Endpoints where nothing costs anything are not looked at twice. */
export function createUsageMeter({ endpoints, prices, backendOf }: MeterOptions) {
  const metered = new Map(
    [...endpoints].filter((one) => isCostly(one, prices)).map((one) => [one.name, one]),
  );
  const isForOwnWorkers = prices.local.microsPerHour + prices.pool.microsPerHour > 0;
  const shared = createSharedTime();
  const reports = new Map<string, RemoteReport>();
  const rows = new Map<string, UsageRow>();
  /** Ends of workers that died with the last gateway. */
  const seenUntil = new Map<string, number>();

  function busyMs(job: Job, { workerId, startedAt, endedAt }: EndedAttempt): number {
    const report = reports.get(workerId);
    if (report?.executionMs !== undefined) return report.executionMs;
    // It only waited there.
    if (isPlaced(job)) return 0;
    const until = Math.max(startedAt, Math.min(endedAt, seenUntil.get(workerId) ?? endedAt));
    return shared.shareOf(workerId, nameOf(job), until) ?? until - startedAt;
  }

  const meter: AttemptMeter = {
    isMetered: (endpoint) => metered.has(endpoint),
    rowOf(job, ended) {
      const endpoint = metered.get(job.endpoint);
      const priced = endpoint && priceOf(endpoint, ended.workerId, { prices, backendOf });
      if (!priced) return undefined;
      const { number, workerId, startedAt, endedAt, outcome } = ended;
      const { price } = priced;
      const ms = Math.round(busyMs(job, ended));
      const seconds = chargedSeconds(ms);
      const row: UsageRow = {
        ...{ jobId: job.id, number, endpoint: job.endpoint, keyId: job.keyId, tags: job.tags },
        ...{ backend: priced.backend, workerId, startedAt, endedAt, outcome, busyMs: ms, seconds },
        remoteWorker: reports.get(workerId)?.workerId,
        priceClass: price?.class,
        microsPerHour: price?.microsPerHour,
        costMicros: price && costOf(seconds, price.microsPerHour),
      };
      rows.set(nameOf(job), row);
      return row;
    },
  };

  return {
    ...meter,
    /** Some endpoint may cost something. */
    isUsed: metered.size > 0,
    /** Workers of ours cost something. */
    isForOwnWorkers,
    metered: (): readonly string[] => [...metered.keys()],
    /** What an hour of a worker of ours costs. */
    ownPrice: (backend: BackendKind): Price => (backend === 'pool' ? prices.pool : prices.local),
    /** What RunPod told; before the end is reported to the queue. */
    noteRemote: (workerId: string, report: RemoteReport): void => void reports.set(workerId, report),
    /** The worker was gone by then. */
    noteGone: (workerId: string, seenAt: number): void => void seenUntil.set(workerId, seenAt),
    /** A change is on disk; gives the row that was written with it. */
    follow({ before, after, endedAttempt }: Transition): UsageRow | undefined {
      if (!metered.has(after.endpoint)) return undefined;
      const workerId = endedAttempt?.workerId ?? after.lease?.workerId;
      // Nearly all, where only RunPod costs something.
      if (!isForOwnWorkers && !(workerId && isRemoteWorker(workerId))) return undefined;
      if (endedAttempt) {
        const name = nameOf(before);
        const row = rows.get(name);
        rows.delete(name);
        reports.delete(endedAttempt.workerId);
        shared.end(endedAttempt.workerId, name, endedAttempt.endedAt);
        return row;
      }
      const { lease } = after;
      if (lease && !before.lease && !isRemoteWorker(lease.workerId))
        shared.begin(lease.workerId, nameOf(after), after.startedAt ?? 0);
      return undefined;
    },
  };
}

const nameOf = ({ id, attempt }: Pick<Job, 'id' | 'attempt'>): string => `${id} ${attempt}`;

function isCostly({ backends }: Endpoint, { local, pool }: PriceBook): boolean {
  return backends.some((kind) => {
    if (kind === 'runpod') return true;
    return (kind === 'pool' ? pool : local).microsPerHour > 0;
  });
}

/** Undefined where its worker costs nothing. */
function priceOf(
  endpoint: Endpoint,
  workerId: string,
  { prices, backendOf }: Pick<MeterOptions, 'prices' | 'backendOf'>,
): { backend: BackendKind; price?: Price } | undefined {
  if (isRemoteWorker(workerId)) {
    const name = remoteEndpointOf(workerId);
    const remote = remotesOf(endpoint).find(({ endpointId }) => endpointId === name);
    const price = prices.runpod(remote?.gpuPool, remote?.gpuCount);
    return price ? { backend: 'runpod', price } : { backend: 'runpod' };
  }
  if (prices.local.microsPerHour + prices.pool.microsPerHour === 0) return undefined;
  const backend = backendOf(workerId) ?? endpoint.backends.find((kind) => kind !== 'runpod') ?? 'process';
  const price = backend === 'pool' ? prices.pool : prices.local;
  return price.microsPerHour === 0 ? undefined : { backend, price };
}
