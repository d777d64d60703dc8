import { GatewayError } from '../../errors.ts';
import type { WorkerSnapshot } from '../../fleet/fleet.ts';
import type { WorkerLog } from '../../fleet/worker-log.ts';
import type { RemoteLog } from '../../remote/remote-log.ts';
import { isRemoteWorker } from '../../remote/remote-worker.ts';
import { maySee } from '../auth.ts';
import { workerDocs } from '../openapi/native-docs.ts';
import { type Call, endpointNamed, endpointOf, type Route } from '../route.ts';

const DEFAULT_TAIL = 200;

export const workerRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/workers',
    doc: workerDocs.list,
    scopes: ['viewer'],
    handle(call) {
      const { endpoint } = call.query;
      if (endpoint !== undefined) endpointNamed(call, endpoint);
      const workers = call.parts.fleet.workers(endpoint);
      return { workers: workers.filter((worker) => maySee(call.caller, worker.endpoint)) };
    },
  },
  {
    methods: ['GET'],
    path: '/v1/workers/:worker',
    doc: workerDocs.show,
    scopes: ['viewer'],
    handle: workerOf,
  },
  {
    methods: ['POST'],
    path: '/v1/workers/:worker/drain',
    doc: workerDocs.drain,
    scopes: [],
    handle(call) {
      const { id } = workerOf(call);
      void call.parts.fleet.stopWorker(id, 'somebody drained it');
      call.reply.code(202);
      return workerOf(call);
    },
  },
  {
    methods: ['GET'],
    path: '/v1/workers/:worker/logs',
    doc: workerDocs.logs,
    scopes: ['viewer'],
    handle(call) {
      const id = call.params.worker ?? '';
      const there = isRemoteWorker(id) ? call.parts.spill.log({ workerId: id }) : undefined;
      if (!there) return sendLog(call, workerOf(call).id);
      if (!maySee(call.caller, there.endpoint))
        throw new GatewayError('WORKER_NOT_FOUND', 'worker not found');
      return sendLines(call, { workerId: id, sources: [ofRemote(there.log, id)] });
    },
  },
  {
    methods: ['GET'],
    path: '/v1/endpoints/:endpoint/logs',
    doc: workerDocs.endpointLogs,
    scopes: ['viewer'],
    handle(call) {
      const endpoint = endpointOf(call);
      const newest = call.parts.fleet.newestWorker(endpoint.name);
      const there = call.parts.spill.log({ endpoint: endpoint.name });
      if (there) return sendLines(call, { workerId: newest, sources: sourcesOf(call, newest, there.log) });
      if (!newest) throw new GatewayError('WORKER_NOT_FOUND', `no worker of ${endpoint.name} has run yet`);
      return sendLog(call, newest);
    },
  },
];

/** The worker that the path names. Throws WORKER_NOT_FOUND, also when the key is not for its endpoint. */
function workerOf({ parts, caller, params }: Call): WorkerSnapshot {
  const worker = parts.fleet.worker(params.worker ?? '');
  if (!worker || !maySee(caller, worker.endpoint))
    throw new GatewayError('WORKER_NOT_FOUND', 'worker not found');
  return worker;
}

/** The last lines of a worker's log as plain text; with `follow=true` also those to come, until the caller leaves. */
async function sendLog(call: Call, workerId: string): Promise<undefined> {
  const { fleet } = call.parts;
  const log = fleet.log(workerId);
  if (!log && fleet.worker(workerId)?.backend === 'pool') {
    const message = `the worker ${workerId} was not started here; its log is where it runs`;
    throw new GatewayError('WORKER_NOT_FOUND', message);
  }
  if (!log) throw new GatewayError('WORKER_NOT_FOUND', 'worker not found');
  return sendLines(call, { workerId, sources: [ofWorker(log)] });
}

/** Lines that were printed, and those to come. */
interface LineSource {
  tail(count: number): readonly string[];
  follow(listener: (line: string) => void): () => void;
  /** Absent: only the caller ends it. */
  readonly ended?: Promise<unknown>;
}

const ofWorker = (log: WorkerLog): LineSource => ({
  tail: (count) => log.tail(count),
  follow: (listener) => log.follow(listener),
  ended: log.ended,
});

const ofRemote = (log: RemoteLog, workerId?: string): LineSource => ({
  tail: (count) => log.tail(count, workerId),
  follow: (listener) => log.follow(listener, workerId),
});

/** Where jobs run elsewhere, too: what the newest worker here printed, and what becomes of those. */
function sourcesOf(call: Call, newest: string | undefined, there: RemoteLog): readonly LineSource[] {
  const here = newest === undefined ? undefined : call.parts.fleet.log(newest);
  return [...(here ? [ofWorker(here)] : []), ofRemote(there)];
}

/** Plain text; with `follow=true` also the lines to come, until the caller leaves or no source has any more. */
async function sendLines(
  call: Call,
  { workerId, sources }: { readonly workerId: string | undefined; readonly sources: readonly LineSource[] },
): Promise<undefined> {
  const tail = Number(call.query.tail ?? DEFAULT_TAIL);
  if (!Number.isInteger(tail) || tail < 0)
    throw new GatewayError('INPUT_INVALID', 'tail: expected a number of lines');
  const { reply } = call;
  const named = workerId === undefined ? {} : { 'x-spillway-worker': workerId };
  const text = sources
    .flatMap((source) => source.tail(tail))
    .map((line) => `${line}\n`)
    .join('');
  if (call.query.follow !== 'true') {
    await reply.headers(named).type('text/plain; charset=utf-8').send(text);
    return undefined;
  }
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', ...named });
  // Also where there is no line yet, so that the caller knows that it follows.
  reply.raw.flushHeaders();
  reply.raw.write(text);
  await new Promise<void>((resolve) => {
    const unfollows = sources.map((source) => source.follow((line) => reply.raw.write(`${line}\n`)));
    const end = () => {
      for (const unfollow of unfollows) unfollow();
      reply.raw.end();
      resolve();
    };
    for (const signal of [call.signal, call.parts.stopping]) {
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
    }
    if (sources.every(({ ended }) => ended)) void Promise.all(sources.map(({ ended }) => ended)).then(end);
  });
  return undefined;
}
