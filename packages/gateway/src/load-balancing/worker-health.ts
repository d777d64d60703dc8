/**
 * What a worker's health checks say about it, as a pure machine. States:
 *   starting   has not answered 200 yet; the fleet's `initTimeout` bounds this     → healthy
 *   healthy    the last check was answered 200: it gets requests                   ↔ out
 *   out        of the rotation: any other answer, or none                          → healthy, or ended when it stays so
 */
export interface WorkerHealth {
  readonly state: 'starting' | 'healthy' | 'out';
  /** Since when it is `out` with nothing that could excuse it. */
  readonly since: number;
  /** Why it is `out`, as the rest of a sentence that begins with "its health check". */
  readonly reason?: string;
}

/** What one check saw: a status, a connection that was refused or cut, or nothing in time. */
export type HealthObservation =
  | { readonly type: 'status'; readonly status: number }
  | { readonly type: 'refused'; readonly detail: string }
  | { readonly type: 'silent'; readonly afterMs: number };

/** A worker that stays out of the rotation for so long is replaced. */
export const OUT_LIMIT_MS = 30_000;

const HEALTHY = 200;
const INITIALIZING = 204;

export function startHealth(now: number): WorkerHealth {
  return { state: 'starting', since: now };
}

/** The health after one check. `isBusy`: requests are open on the worker. */
export function nextHealth(
  health: WorkerHealth,
  seen: HealthObservation,
  { now, isBusy }: { readonly now: number; readonly isBusy: boolean },
): WorkerHealth {
  if (seen.type === 'status' && seen.status === HEALTHY) {
    return health.state === 'healthy' ? health : { state: 'healthy', since: now };
  }
  if (health.state === 'starting') return health;
  // A server with one thread can't answer while it works; its requests have a limit of their own.
  const isExcused = seen.type === 'silent' && isBusy;
  const since = health.state === 'out' && !isExcused ? health.since : now;
  return { state: 'out', since, reason: describe(seen) };
}

/** Why the worker should be replaced; undefined while it needn't. `initTimeoutMs` is for one that initialises again. */
export function lostReason(
  health: WorkerHealth,
  seen: HealthObservation,
  { now, initTimeoutMs }: { readonly now: number; readonly initTimeoutMs: number },
): string | undefined {
  if (health.state !== 'out') return undefined;
  const isInitializing = seen.type === 'status' && seen.status === INITIALIZING;
  const limitMs = isInitializing ? initTimeoutMs : OUT_LIMIT_MS;
  if (now - health.since < limitMs) return undefined;
  return `its health check ${health.reason ?? 'failed'} for ${Math.round(limitMs / 1000)} s`;
}

function describe(seen: HealthObservation): string {
  if (seen.type === 'status') return `answered ${seen.status}`;
  if (seen.type === 'refused') return `could not connect (${seen.detail})`;
  return `got no answer within ${seen.afterMs / 1000} s`;
}
