import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import { type Endpoint, remotesOf } from './endpoints/endpoint.ts';
import type { JobEngine } from './jobs/engine.ts';
import { accountsOf, type HostEnv, managementClient, type NamedRemote } from './remote-accounts.ts';
import type { Ledger } from './usage/ledger.ts';
import { DAY_MS, dayOf, periodStart } from './usage/periods.ts';
import { type BillAccount, createBillReader } from './usage/read-bills.ts';
import { type IdleTimes, readRemoteLines } from './usage/remote-lines.ts';
import { createBillStore } from './usage/sqlite/bill-store.ts';

/**
 * The part of the composition root that wires RunPod's own bills. Nothing of it runs where no endpoint has RunPod among
 * its backends.
 */
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
  readonly env?: HostEnv | undefined;
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
    accounts: billAccounts(remotes, { clock, env, fetch: options.fetch }),
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

/** Where bills are read. */
function billAccounts(
  remotes: readonly NamedRemote[],
  given: { readonly env: HostEnv; readonly clock: Clock; readonly fetch: typeof fetch | undefined },
): readonly BillAccount[] {
  return accountsOf(remotes, given.env).map(({ apiKey, remotes: of }) => {
    return { read: managementClient(apiKey, given).billing.serverless, remotes: of };
  });
}
