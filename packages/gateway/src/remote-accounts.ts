import type { Clock } from '@spillway/sdk/clock';
import { createRunpodClient, RUNPOD_API_URL, type RunpodClient } from '@spillway/sdk/runpod';
import type { RemoteBackend } from './endpoints/endpoint.ts';

/**
 * Which accounts at RunPod the endpoints' backends belong to, and with which key their bills and prices are read.
 * `RUNPOD_API_KEY` stands in for keys of backends, which may call endpoints only; no key is taken to RunPod that belongs to
 * another service.
 */
const RUNPOD_JOB_HOST = 'api.runpod.ai';

export type HostEnv = Readonly<Record<string, string | undefined>>;

export interface NamedRemote {
  /** The endpoint here. */
  readonly name: string;
  readonly remote: RemoteBackend;
}

export interface RemoteAccount {
  readonly apiKey: string;
  /** Endpoints there, and the first one here that has each. */
  readonly remotes: ReadonlyMap<string, string>;
}

export function accountsOf(remotes: readonly NamedRemote[], env: HostEnv): readonly RemoteAccount[] {
  const byKey = new Map<string, Map<string, string>>();
  const seen = new Set<string>();
  for (const { name, remote } of remotes) {
    if (!reachesAccount(remote, env)) continue;
    const apiKey = env.RUNPOD_API_KEY || remote.apiKey;
    if (seen.has(remote.endpointId)) continue;
    seen.add(remote.endpointId);
    byKey.set(apiKey, (byKey.get(apiKey) ?? new Map<string, string>()).set(remote.endpointId, name));
  }
  return [...byKey].map(([apiKey, of]) => ({ apiKey, remotes: of }));
}

/** Whether the backend is RunPod's own, so that its account may be asked with its key. */
export function reachesAccount({ baseUrl }: Pick<RemoteBackend, 'baseUrl'>, env: HostEnv): boolean {
  return Boolean(env.RUNPOD_API_BASE_URL) || new URL(baseUrl).host === RUNPOD_JOB_HOST;
}

/** Address of RunPod's management API. */
export const managementUrl = (env: HostEnv): string => env.RUNPOD_API_BASE_URL || RUNPOD_API_URL;

export function managementClient(
  apiKey: string,
  given: { readonly env: HostEnv; readonly clock: Clock; readonly fetch?: typeof fetch | undefined },
): RunpodClient {
  const { env, clock, fetch: send } = given;
  return createRunpodClient({ apiKey, clock, baseUrl: managementUrl(env), ...(send ? { fetch: send } : {}) });
}
