import type { Clock } from '@spillway/sdk/clock';
import { RunpodError } from '@spillway/sdk/runpod';
import { type Endpoint, remotesOf } from './endpoints/endpoint.ts';
import type { FollowWorkers } from './remote/spill-options.ts';
import { type HostEnv, managementClient, reachesAccount } from './remote-accounts.ts';

/**
 * What workers at RunPod print, read over its management API while somebody follows an endpoint's logs, and at no other
 * time: workers that run already from then on, new ones from their first line.
 */
const LIST_EVERY_MS = 10_000;
/** The most that RunPod gives. */
const WHOLE_LOG = 5_000;

type Client = Pick<ReturnType<typeof managementClient>['endpoints'], 'workers' | 'workerLog'>;
type Listener = Parameters<FollowWorkers>[0];

export function createRemoteWorkerLogs(options: {
  readonly endpoints: Iterable<Endpoint>;
  readonly clock: Clock;
  readonly env: HostEnv;
  readonly fetch?: typeof fetch | undefined;
}): (endpoint: string) => FollowWorkers | undefined {
  const { env, clock } = options;
  const byName = new Map([...options.endpoints].map((endpoint) => [endpoint.name, remotesOf(endpoint)]));
  return (name) => {
    const remotes = (byName.get(name) ?? []).filter((remote) => reachesAccount(remote, env));
    if (remotes.length === 0) return undefined;
    return (listener) => {
      const leaving = new AbortController();
      for (const { endpointId, apiKey } of remotes) {
        const { endpoints } = managementClient(env.RUNPOD_API_KEY || apiKey, options);
        void watchWorkers({ client: endpoints, remote: endpointId, listener, clock, signal: leaving.signal });
      }
      return () => leaving.abort();
    };
  };
}

interface Watch {
  readonly client: Client;
  readonly remote: string;
  readonly listener: Listener;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Never rejects. */
async function watchWorkers(watch: Watch): Promise<void> {
  const { client, remote, listener, clock, signal } = watch;
  const followed = new Map<string, AbortController>();
  let tail = 0;
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      const ids = new Set((await client.workers(remote, signal)).map(({ id }) => id));
      for (const [id, ended] of followed) if (!ids.has(id) && followed.delete(id)) ended.abort();
      for (const id of ids) if (!followed.has(id)) followed.set(id, followWorker(watch, id, tail));
      tail = WHOLE_LOG;
      told = undefined;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (!signal.aborted && problem !== told) listener(unreadable(remote, problem));
      told = problem;
      // Asking again would be answered the same.
      if (error instanceof RunpodError && FINAL.includes(error.code)) return;
    }
    await clock.sleep(LIST_EVERY_MS, signal);
  }
  for (const ended of followed.values()) ended.abort();
}

const FINAL: readonly string[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND'];

function followWorker(
  { client, remote, listener, signal }: Watch,
  id: string,
  tail: number,
): AbortController {
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  void (async () => {
    try {
      for await (const { line } of client.workerLog(remote, id, { tail, signal: both }))
        listener({ workerId: id, line: `[runpod ${id}] ${line}` });
    } catch (error) {
      if (!both.aborted) listener(unreadable(id, error instanceof Error ? error.message : String(error)));
    }
  })();
  return ended;
}

function unreadable(who: string, problem: string) {
  return { workerId: who, line: `[runpod ${who}] what is printed there can't be read: ${problem}` };
}
