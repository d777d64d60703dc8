import { GatewayError } from '../../errors.ts';
import type { WorkerSnapshot } from '../../fleet/fleet.ts';
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
    handle: (call) => sendLog(call, workerOf(call).id),
  },
  {
    methods: ['GET'],
    path: '/v1/endpoints/:endpoint/logs',
    doc: workerDocs.endpointLogs,
    scopes: ['viewer'],
    handle(call) {
      const endpoint = endpointOf(call);
      const newest = call.parts.fleet.newestWorker(endpoint.name);
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
  const tail = Number(call.query.tail ?? DEFAULT_TAIL);
  if (!Number.isInteger(tail) || tail < 0)
    throw new GatewayError('INPUT_INVALID', 'tail: expected a number of lines');
  const { reply } = call;
  reply.header('x-spillway-worker', workerId);
  const text = log
    .tail(tail)
    .map((line) => `${line}\n`)
    .join('');
  if (call.query.follow !== 'true') {
    await reply.type('text/plain; charset=utf-8').send(text);
    return undefined;
  }
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-spillway-worker': workerId });
  reply.raw.write(text);
  await new Promise<void>((resolve) => {
    const unfollow = log.follow((line) => reply.raw.write(`${line}\n`));
    const end = () => {
      unfollow();
      reply.raw.end();
      resolve();
    };
    call.signal.addEventListener('abort', end, { once: true });
    void log.ended.then(end);
  });
  return undefined;
}
