import type { Endpoint } from '../endpoints/endpoint.ts';
import { chargedSeconds, costOf } from './money.ts';
import { DAY_MS } from './periods.ts';
import { VOLUME_BILLS } from './sqlite/bill-store.ts';
import type { ReadAside } from './sqlite/read-aside.ts';

/**
 * The line of an endpoint at RunPod: what its bill says beside the attempts. Where the bill is not known (yet), the idle
 * time that the endpoint's own settings let its workers have after their attempts, as an estimate.
 */
export interface RemoteLine {
  /** `runpod-volumes`: network volumes, which cost with and without workers. */
  readonly kind: 'runpod' | 'runpod-estimate' | 'runpod-volumes';
  readonly endpoint: string;
  /** Days since 1970. */
  readonly day: number;
  /** Attempts beside which it stands. */
  readonly attempts: number;
  /** Estimated; of a bill it is not known. */
  readonly idleMs: number;
  /** May be below zero: attempts are counted where they end, and by the price table. */
  readonly costMicros: number;
}

/** How long a worker of an endpoint at RunPod waits for a job until it ends. */
export type IdleTimes = Readonly<Record<string, number>>;

/** RunPod's own default, where the file does not say. */
const IDLE_TIMEOUT_MS = 5_000;

/** How long a worker there waits for a next job. */
export const idleTimeOf = ({ deploy }: Pick<Endpoint, 'deploy'>): number =>
  deploy?.workers.idleTimeoutMs ?? IDLE_TIMEOUT_MS;

/** Holders of leases there are named `runpod:<endpoint there>:<id>`; `;` comes right behind `:`. */
const IS_ON_BILL =
  "u.worker_id > 'runpod:' || r.remote_endpoint || ':' AND u.worker_id < 'runpod:' || r.remote_endpoint || ';'";

const BILLED = `SELECT endpoint, day, is_volume, sum(cost) AS cost, sum(attempts) AS attempts FROM (
  SELECT r.endpoint, b.at / ${DAY_MS} AS day, b.micros AS cost, r.remote_endpoint GLOB '${VOLUME_BILLS}*' AS is_volume, 0 AS attempts
    FROM usage_bill_reads r JOIN usage_bills b ON b.remote_endpoint = r.remote_endpoint
    WHERE b.at >= ?1 AND b.at < ?2
  UNION ALL
  SELECT r.endpoint, u.ended_at / ${DAY_MS}, -coalesce(u.cost_micros, 0), 0, 1
    FROM usage_bill_reads r JOIN usage_attempts u ON ${IS_ON_BILL}
    WHERE u.ended_at >= max(?1, r.since) AND u.ended_at < min(?2, r.until)
  ) GROUP BY 1, 2, 3`;

/** `?3`: now; `?4`: idle times by endpoint. */
const IDLE = `WITH idle AS (SELECT key AS endpoint, value AS ms FROM json_each(?4)),
  runs AS (SELECT u.endpoint, u.ended_at, u.micros_per_hour, idle.ms AS most, r.until AS known_until,
      lead(u.ended_at - u.busy_ms) OVER (PARTITION BY u.endpoint, u.remote_worker ORDER BY u.ended_at) AS next_at
    FROM usage_attempts u JOIN idle ON idle.endpoint = u.endpoint LEFT JOIN usage_bill_reads r ON ${IS_ON_BILL}
    WHERE u.backend = 'runpod' AND u.remote_worker IS NOT NULL AND u.micros_per_hour IS NOT NULL
      AND u.ended_at >= ?1 AND u.ended_at < ?2)
  SELECT r.endpoint, r.ended_at / ${DAY_MS} AS day, r.micros_per_hour AS price, count(*) AS attempts,
    sum(max(0, min(r.most, coalesce(r.next_at, ?3) - r.ended_at))) AS ms
  FROM runs r WHERE r.ended_at >= coalesce(r.known_until, 0) GROUP BY 1, 2, 3`;

/** Lines of the days from `from` to before `until`, both starts of days. */
export async function readRemoteLines(
  read: ReadAside,
  range: { readonly from: number; readonly until: number; readonly now: number },
  idle: IdleTimes,
): Promise<readonly RemoteLine[]> {
  const { from, until, now } = range;
  const [billed, estimated] = await Promise.all([
    read(BILLED, [from, until]),
    Object.keys(idle).length === 0 ? [] : read(IDLE, [from, until, now, JSON.stringify(idle)]),
  ]);
  const named = (row: Readonly<Record<string, unknown>>) => ({
    endpoint: String(row.endpoint),
    day: Number(row.day),
  });
  const lines: RemoteLine[] = billed.map((row) => ({
    kind: row.is_volume === 1 ? 'runpod-volumes' : 'runpod',
    ...{ ...named(row), idleMs: 0, costMicros: Number(row.cost), attempts: Number(row.attempts) },
  }));
  for (const row of estimated) {
    const idleMs = Number(row.ms);
    const costMicros = costOf(chargedSeconds(idleMs), Number(row.price));
    lines.push({
      kind: 'runpod-estimate',
      ...named(row),
      idleMs,
      costMicros,
      attempts: Number(row.attempts),
    });
  }
  return lines;
}
