import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import type { RunpodVolume } from '@spillway/sdk/runpod';
import type { DeploymentVolume } from './endpoints/deployment.ts';
import { type Endpoint, remotesOf } from './endpoints/endpoint.ts';
import type { JobEngine } from './jobs/engine.ts';
import { accountsOf, type HostEnv, managementClient, type NamedRemote } from './remote-accounts.ts';
import type { Ledger } from './usage/ledger.ts';
import { DAY_MS, dayOf, periodStart } from './usage/periods.ts';
import { type BillAccount, createBillReader } from './usage/read-bills.ts';
import { idleTimeOf, readRemoteLines } from './usage/remote-lines.ts';
import { createBillStore, volumeBill } from './usage/sqlite/bill-store.ts';
import type { RemoteSettings } from './usage/usage-report.ts';

/**
 * The part of the composition root that wires RunPod's own bills. Nothing of it runs where no endpoint has RunPod among
 * its backends.
 */
const DROP_EVERY_MS = 3_600_000;

export interface RemoteBills {
  /** By which what RunPod has not told is estimated. */
  readonly settings: RemoteSettings;
  start(): void;
  stop(): Promise<void>;
}

export function createRemoteBills(options: {
  readonly db: DatabaseSync;
  readonly engine: Pick<JobEngine, 'exclusive' | 'readAside'>;
  readonly endpoints: Iterable<Endpoint>;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'readingRemoteLines'>;
  readonly log: { warn(fields: object, message: string): void };
  readonly retentionMs: number;
  readonly env?: HostEnv | undefined;
  readonly fetch?: typeof fetch | undefined;
}): RemoteBills {
  const { db, engine, clock, ledger, log, retentionMs, env = {} } = options;
  const endpoints = [...options.endpoints];
  const remotes = endpoints.flatMap((endpoint) => {
    const { name, executionTimeoutMs } = endpoint;
    const idleMs = idleTimeOf(endpoint);
    return remotesOf(endpoint).map((remote) => ({ name, remote, idleMs, executionTimeoutMs }));
  });
  const idle = Object.fromEntries(remotes.map(({ name, idleMs }) => [name, idleMs]));
  const timeouts = Object.fromEntries(remotes.map((one) => [one.name, one.executionTimeoutMs]));
  const settings = { idle, timeouts };
  if (remotes.length === 0) return { settings, start: () => {}, stop: async () => {} };
  const store = createBillStore(db, engine.exclusive);
  let droppedAt = Number.NEGATIVE_INFINITY;
  const reader = createBillReader({
    accounts: billAccounts(remotes, endpoints, { clock, env, fetch: options.fetch }),
    ...{ store, clock },
    async onLook() {
      const now = clock.now();
      if (now - droppedAt >= DROP_EVERY_MS) {
        await store.dropBefore(now - retentionMs);
        droppedAt = now;
      }
      const range = { from: periodStart(now, 'month'), until: (dayOf(now) + 1) * DAY_MS, now };
      const note = ledger.readingRemoteLines();
      note(await readRemoteLines(engine.readAside, range, idle));
    },
    onProblem: (message) =>
      log.warn(
        { problem: message },
        "RunPod's bill could not be read; idle time there is estimated until then",
      ),
  });
  return { settings, ...reader };
}

/** Where bills are read: of each account its endpoints' and its volumes'. */
function billAccounts(
  remotes: readonly NamedRemote[],
  endpoints: readonly Endpoint[],
  given: { readonly env: HostEnv; readonly clock: Clock; readonly fetch: typeof fetch | undefined },
): readonly BillAccount[] {
  return accountsOf(remotes, given.env).flatMap(({ apiKey, remotes: of }) => {
    const { billing, volumes } = managementClient(apiKey, given);
    const names = new Set(of.values());
    const wanted = endpoints
      .filter(({ name }) => names.has(name))
      .flatMap(({ name, deploy }) => deploy?.volumes.map((volume) => ({ endpoint: name, volume })) ?? []);
    const ofEndpoints: BillAccount = {
      remotes: async () => of,
      read: async (...window) =>
        (await billing.serverless(...window)).map((one) => ({ ...one, id: one.serverlessId })),
    };
    if (wanted.length === 0) return [ofEndpoints];
    const ofVolumes: BillAccount = {
      remotes: async (signal) => volumeIds(wanted, await volumes.list(signal)),
      read: async (...window) =>
        (await billing.volumes(...window)).map((one) => ({ ...one, id: volumeBill(one.networkVolumeId) })),
    };
    return [ofEndpoints, ofVolumes];
  });
}

/** Those that the endpoints' deployments name, by their ids there. */
function volumeIds(
  wanted: readonly { readonly endpoint: string; readonly volume: DeploymentVolume }[],
  there: readonly RunpodVolume[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { endpoint, volume } of wanted) {
    const ids =
      'id' in volume
        ? [volume.id]
        : there
            .filter(({ name, dataCenter }) => name === volume.name && dataCenter === volume.dataCenter)
            .map(({ id }) => id);
    for (const id of ids) if (!found.has(volumeBill(id))) found.set(volumeBill(id), endpoint);
  }
  return found;
}
