import { GatewayError } from '../../errors.ts';
import { type Call, endpointOf, type Route } from '../route.ts';

const DEFAULT_TAIL = 200;

export const workerRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/endpoints',
    scopes: ['client', 'viewer'],
    handle({ parts, caller }) {
      const shown = [...parts.endpoints.values()].filter(
        (endpoint) => caller.endpoints === undefined || caller.endpoints.includes(endpoint.name),
      );
      return {
        endpoints: shown.map((endpoint) => ({
          name: endpoint.name,
          worker: endpoint.worker,
          limits: endpoint.workers,
          scaling: endpoint.scaling,
          backends: endpoint.backends,
          jobs: parts.queue.counts(endpoint.name),
          workers: parts.fleet.counts(endpoint.name),
          problem: parts.fleet.startProblem(endpoint.name),
        })),
      };
    },
  },
  {
    methods: ['GET'],
    path: '/v1/workers',
    scopes: ['viewer'],
    handle: ({ parts, query }) => ({ workers: parts.fleet.workers(query.endpoint) }),
  },
  {
    methods: ['GET'],
    path: '/v1/workers/:worker/logs',
    scopes: ['viewer'],
    handle(call) {
      const workerId = call.params.worker ?? '';
      return sendLog(call, workerId);
    },
  },
  {
    methods: ['GET'],
    path: '/v1/endpoints/:endpoint/logs',
    scopes: ['viewer'],
    handle(call) {
      const endpoint = endpointOf(call);
      const newest = call.parts.fleet.newestWorker(endpoint.name);
      if (!newest) throw new GatewayError('WORKER_NOT_FOUND', `no worker of ${endpoint.name} has run yet`);
      return sendLog(call, newest);
    },
  },
];

/** The last lines of a worker's log as plain text; with `follow=true` also those to come, until the caller leaves. */
async function sendLog(call: Call, workerId: string): Promise<undefined> {
  const { fleet } = call.parts;
  const log = fleet.log(workerId);
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
