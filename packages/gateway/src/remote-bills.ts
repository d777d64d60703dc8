import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import { createRunpodClient } from '@spillway/sdk/runpod';
import { type Endpoint, type RemoteBackend, remotesOf } from './endpoints/endpoint.ts';
import type { JobEngine } from './jobs/engine.ts';
import type { Ledger } from './usage/ledger.ts';
import { DAY_MS, dayOf, periodStart } from './usage/periods.ts';
import { type BillAccount, createBillReader } from './usage/read-bills.ts';
import { type IdleTimes, readRemoteLines } from './usage/remote-lines.ts';
import { createBillStore } from './usage/sqlite/bill-store.ts';

/**
 * The part of the composition root that wires RunPod's own bills. Nothing of it runs where no endpoint has RunPod among
 * its backends.
 */
const RUNPOD_JOB_HOST = 'api.runpod.ai';
/** RunPod's own default, where the file does not say. */
const IDLE_TIMEOUT_MS = 5_000;
const DROP_EVERY_MS = 3_600_000;

export interface RemoteBills {
  /** What bills that are not known are estimated by. */
  readonly idle: IdleTimes;
  start(): void;
  stop(): Promise<void>;
}

export function createRemoteBills(options: {
  readonly db: DatabaseSync;
  readonly engine: Pick<JobEngine, 'exclusive' | 'readAside'>;
  readonly endpoints: Iterable<Endpoint>;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'noteRemoteLines'>;
  readonly log: { warn(fields: object, message: string): void };
  readonly retentionMs: number;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly fetch?: typeof fetch | undefined;
}): RemoteBills {
  const { db, engine, endpoints, clock, ledger, log, retentionMs, env = {} } = options;
  const remotes = [...endpoints].flatMap((endpoint) => {
    const { name, deploy } = endpoint;
    const idleMs = deploy?.workers.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
    return remotesOf(endpoint).map((remote) => ({ name, remote, idleMs }));
  });
  const idle = Object.fromEntries(remotes.map(({ name, idleMs }) => [name, idleMs]));
  if (remotes.length === 0) return { idle, start: () => {}, stop: async () => {} };
  const store = createBillStore(db, engine.exclusive);
  let droppedAt = Number.NEGATIVE_INFINITY;
  const reader = createBillReader({
    accounts: accountsOf(remotes, { clock, env, fetch: options.fetch }),
    ...{ store, clock },
    async onLook() {
      const now = clock.now();
      if (now - droppedAt >= DROP_EVERY_MS) {
        await store.dropBefore(now - retentionMs);
        droppedAt = now;
      }
      const range = { from: periodStart(now, 'month'), until: (dayOf(now) + 1) * DAY_MS, now };
      ledger.noteRemoteLines(await readRemoteLines(engine.readAside, range, idle));
    },
    onProblem: (message) =>
      log.warn(
        { problem: message },
        "RunPod's bill could not be read; idle time there is estimated until then",
      ),
  });
  return { idle, ...reader };
}

/**
 * Where bills are read, by key. `RUNPOD_API_KEY` stands in for keys of backends, which may call endpoints only; no key is
 * taken to RunPod that belongs to another service.
 */
function accountsOf(
  remotes: readonly { readonly name: string; readonly remote: RemoteBackend }[],
  given: {
    readonly clock: Clock;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly fetch: typeof fetch | undefined;
  },
): readonly BillAccount[] {
  const { clock, env, fetch: send } = given;
  const baseUrl = env.RUNPOD_API_BASE_URL || undefined;
  const byKey = new Map<string, Map<string, string>>();
  const seen = new Set<string>();
  for (const { name, remote } of remotes) {
    if (baseUrl === undefined && new URL(remote.baseUrl).host !== RUNPOD_JOB_HOST) continue;
    const apiKey = env.RUNPOD_API_KEY || remote.apiKey;
    if (seen.has(remote.endpointId)) continue;
    seen.add(remote.endpointId);
    byKey.set(apiKey, (byKey.get(apiKey) ?? new Map<string, string>()).set(remote.endpointId, name));
  }
  return [...byKey].map(([apiKey, of]) => {
    const client = createRunpodClient({
      ...{ apiKey, clock },
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(send ? { fetch: send } : {}),
    });
    return { read: client.billing.serverless, remotes: of };
  });
}
