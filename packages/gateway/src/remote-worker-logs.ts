import type { Clock } from '@spillway/sdk/clock';
import { RunpodError } from '@spillway/sdk/runpod';
import { type Endpoint, remotesOf } from './endpoints/endpoint.ts';
import type { AttemptLine } from './remote/remote-log.ts';
import type { RemoteWorkerLog } from './remote/spill-options.ts';
import { type HostEnv, managementClient, reachesAccount } from './remote-accounts.ts';

/**
 * What workers at RunPod print, read over its management API while somebody looks at an endpoint's logs, and at no other
 * time: of workers that run already the last lines, of new ones all from the first.
 */
const LIST_EVERY_MS = 10_000;
/** The most that RunPod gives. */
const WHOLE_LOG = 5_000;
/** RunPod's streams do not end with the last line: nobody says that it was the last, but that none follows. */
const QUIET_MS = 1_000;
/** From the beginning to the first line, and for all. */
const FIRST_LINE_MS = 3_000;
const LONGEST_TAIL_MS = 8_000;

type Client = Pick<ReturnType<typeof managementClient>['endpoints'], 'workers' | 'workerLog'>;
type Listener = (line: AttemptLine) => void;

export function createRemoteWorkerLogs(options: {
  readonly endpoints: Iterable<Endpoint>;
  readonly clock: Clock;
  readonly env: HostEnv;
  readonly fetch?: typeof fetch | undefined;
}): (endpoint: string) => RemoteWorkerLog | undefined {
  const { env, clock } = options;
  const byName = new Map([...options.endpoints].map((endpoint) => [endpoint.name, remotesOf(endpoint)]));
  return (name) => {
    const remotes = (byName.get(name) ?? []).filter((remote) => reachesAccount(remote, env));
    if (remotes.length === 0) return undefined;
    const places = remotes.map(({ endpointId, apiKey }): Place => {
      const { endpoints } = managementClient(env.RUNPOD_API_KEY || apiKey, options);
      return { client: endpoints, remote: endpointId, clock };
    });
    return {
      async tail(count, signal) {
        if (count === 0) return [];
        return (await Promise.all(places.map((place) => tailOfAll(place, count, signal)))).flat();
      },
      follow(listener, tail) {
        const leaving = new AbortController();
        for (const place of places)
          void watchWorkers({ ...place, listener, signal: leaving.signal }, Math.min(tail, WHOLE_LOG));
        return () => leaving.abort();
      },
    };
  };
}

interface Place {
  readonly client: Client;
  readonly remote: string;
  readonly clock: Clock;
}

interface Watch extends Place {
  readonly listener: Listener;
  readonly signal: AbortSignal;
}

/** Of each worker that is there; why there is none in a line. Never rejects. */
async function tailOfAll(place: Place, count: number, left: AbortSignal): Promise<readonly AttemptLine[]> {
  const { client, remote, clock } = place;
  const over = new AbortController();
  const cancel = clock.timer(LONGEST_TAIL_MS, () => over.abort());
  const signal = AbortSignal.any([left, over.signal]);
  try {
    const workers = await client.workers(remote, signal);
    const tails = workers.map(({ id }) =>
      tailOfOne(place, { id, count: Math.min(count, WHOLE_LOG) }, signal),
    );
    return (await Promise.all(tails)).flat();
  } catch (error) {
    const problem = over.signal.aborted ? `no answer in ${LONGEST_TAIL_MS / 1000} s` : messageOf(error);
    return [unreadable(remote, problem)];
  } finally {
    cancel();
  }
}

async function tailOfOne(
  { client, remote, clock }: Place,
  { id, count }: { readonly id: string; readonly count: number },
  outer: AbortSignal,
): Promise<readonly AttemptLine[]> {
  const quiet = new AbortController();
  const end = () => quiet.abort();
  const lines: AttemptLine[] = [];
  let cancel = clock.timer(FIRST_LINE_MS, end);
  try {
    const signal = AbortSignal.any([outer, quiet.signal]);
    for await (const { line } of client.workerLog(remote, id, { tail: count, signal })) {
      lines.push(printed(id, line));
      cancel();
      if (lines.length >= count) break;
      cancel = clock.timer(QUIET_MS, end);
    }
  } catch (error) {
    lines.push(unreadable(id, messageOf(error)));
  } finally {
    cancel();
    end();
  }
  return lines;
}

/** Never rejects. */
async function watchWorkers(watch: Watch, firstTail: number): Promise<void> {
  const { client, remote, listener, clock, signal } = watch;
  const followed = new Map<string, AbortController>();
  let tail = firstTail;
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      const ids = new Set((await client.workers(remote, signal)).map(({ id }) => id));
      for (const [id, ended] of followed) if (!ids.has(id) && followed.delete(id)) ended.abort();
      for (const id of ids) if (!followed.has(id)) followed.set(id, followWorker(watch, id, tail));
      tail = WHOLE_LOG;
      told = undefined;
    } catch (error) {
      const problem = messageOf(error);
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
        listener(printed(id, line));
    } catch (error) {
      if (!both.aborted) listener(unreadable(id, messageOf(error)));
    }
  })();
  return ended;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const printed = (id: string, line: string): AttemptLine => ({ workerId: id, line: `[runpod ${id}] ${line}` });

function unreadable(who: string, problem: string): AttemptLine {
  return { workerId: who, line: `[runpod ${who}] what is printed there can't be read: ${problem}` };
}
