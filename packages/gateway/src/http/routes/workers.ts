import { GatewayError } from '../../errors.ts';
import type { WorkerSnapshot } from '../../fleet/fleet.ts';
import { isRemoteWorker } from '../../remote/remote-worker.ts';
import { maySee } from '../auth.ts';
import { workerDocs } from '../openapi/native-docs.ts';
import { type Call, endpointNamed, endpointOf, type Route } from '../route.ts';
import { ofEndpoint, ofRemote, ofRunpod, ofWorker, sendLog } from '../send-log.ts';

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
      if (!there) return sendWorkerLog(call, workerOf(call).id);
      if (!maySee(call.caller, there.endpoint))
        throw new GatewayError('WORKER_NOT_FOUND', 'worker not found');
      return sendLog(call, { workerId: id, sources: [ofRemote(there.log, id)] });
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
      if (!newest && !there && call.query.follow !== 'true')
        throw new GatewayError('WORKER_NOT_FOUND', `no worker of ${endpoint.name} has run yet`);
      const here = ofEndpoint(call.parts.fleet, endpoint.name);
      return sendLog(call, { workerId: newest, sources: there ? [here, ...ofRunpod(there)] : [here] });
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

async function sendWorkerLog(call: Call, workerId: string): Promise<undefined> {
  const { fleet } = call.parts;
  const log = fleet.log(workerId);
  if (!log && fleet.worker(workerId)?.backend === 'pool') {
    const message = `the worker ${workerId} was not started here; its log is where it runs`;
    throw new GatewayError('WORKER_NOT_FOUND', message);
  }
  if (!log) throw new GatewayError('WORKER_NOT_FOUND', 'worker not found');
  return sendLog(call, { workerId, sources: [ofWorker(workerId, log)] });
}
