import { type EndpointView, endpointChangeSchema } from '@spillway/protocol/v1';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import { contradiction, describeSettings, mergeChange } from '../../endpoints/endpoint-overrides.ts';
import { GatewayError } from '../../errors.ts';
import { maySee } from '../auth.ts';
import { refuseLoadBalanced } from '../load-balanced.ts';
import { endpointDocs } from '../openapi/native-docs.ts';
import { parseBody } from '../parse-body.ts';
import { type Call, endpointOf, type Route, type RouteParts } from '../route.ts';

/** Endpoints: what holds, what the file says, and how to change it while the gateway runs. */
export const endpointRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/endpoints',
    doc: endpointDocs.list,
    scopes: ['client', 'viewer'],
    handle: ({ parts, caller }) => ({
      endpoints: [...parts.endpoints]
        .filter((endpoint) => maySee(caller, endpoint.name))
        .map((endpoint) => endpointView(parts, endpoint)),
    }),
  },
  {
    methods: ['GET'],
    path: '/v1/endpoints/:endpoint',
    doc: endpointDocs.show,
    scopes: ['client', 'viewer'],
    handle: (call) => endpointView(call.parts, endpointOf(call)),
  },
  {
    methods: ['PATCH'],
    path: '/v1/endpoints/:endpoint',
    doc: endpointDocs.change,
    scopes: [],
    handle: changeEndpoint,
  },
  {
    methods: ['DELETE'],
    path: '/v1/endpoints/:endpoint/overrides',
    doc: endpointDocs.reset,
    scopes: [],
    handle: (call) => changed(call, (name) => call.parts.endpoints.reset(name)),
  },
  {
    methods: ['POST'],
    path: '/v1/endpoints/:endpoint/pause',
    doc: endpointDocs.pause,
    scopes: [],
    handle(call) {
      // Its requests are no jobs: there is nothing that could wait.
      refuseLoadBalanced(endpointOf(call));
      return changed(call, (name) => call.parts.endpoints.pause(name));
    },
  },
  {
    methods: ['POST'],
    path: '/v1/endpoints/:endpoint/resume',
    doc: endpointDocs.resume,
    scopes: [],
    handle: (call) => changed(call, (name) => call.parts.endpoints.resume(name)),
  },
  {
    methods: ['POST'],
    path: '/v1/endpoints/:endpoint/resume-starts',
    doc: endpointDocs.resumeStarts,
    scopes: [],
    handle: (call) => changed(call, (name) => call.parts.fleet.resume(name)),
  },
  {
    methods: ['POST'],
    path: '/v1/endpoints/:endpoint/drain',
    doc: endpointDocs.drain,
    scopes: [],
    handle: drain,
  },
];

function endpointView(parts: RouteParts, endpoint: Endpoint): EndpointView {
  const { endpoints, queue, fleet, loadBalancer } = parts;
  const { name, worker } = endpoint;
  const balanced = endpoint.loadBalancing && loadBalancer.health(name);
  const problem = fleet.startProblem(name);
  const { inQueue, ready, lowPriorityReady, inProgress, completed, failed, retried } = queue.counts(name);
  return {
    name,
    type: endpoint.loadBalancing ? 'LOAD_BALANCER' : 'QUEUE',
    ...(worker === undefined ? {} : { worker }),
    backends: [...endpoint.backends],
    isPaused: endpoints.isPaused(name),
    settings: describeSettings(endpoints.base(name) ?? endpoint, endpoints.overrides(name)),
    // Requests count as jobs where there is no queue; none of them waits for anything but a worker.
    jobs: balanced
      ? { ...balanced.jobs, ready: balanced.jobs.inQueue, lowPriorityReady: 0 }
      : { inQueue, ready, lowPriorityReady, inProgress, completed, failed, retried },
    workers: balanced ? balanced.workers : fleet.counts(name),
    ...(problem ? { problem } : {}),
  };
}

function changeEndpoint(call: Call): EndpointView {
  const { endpoints } = call.parts;
  const { name } = endpointOf(call);
  const change = parseBody(endpointChangeSchema, call.body);
  const base = endpoints.base(name);
  const wrong = base && contradiction(base, mergeChange(endpoints.overrides(name), change));
  if (wrong !== undefined) throw new GatewayError('INPUT_INVALID', wrong);
  return changed(call, () => endpoints.change(name, change));
}

function changed(call: Call, change: (name: string) => void): EndpointView {
  const { name } = endpointOf(call);
  change(name);
  return endpointView(call.parts, endpointOf(call));
}

/** Every worker finishes what it has and ends; jobs that wait get fresh ones, unless the endpoint is paused. */
function drain(call: Call): object {
  const { fleet } = call.parts;
  const { name } = endpointOf(call);
  const draining = fleet.workers(name).filter(({ state }) => state !== 'stopped');
  for (const { id } of draining) void fleet.stopWorker(id, 'somebody drained its endpoint');
  call.reply.code(202);
  return { draining: draining.map(({ id }) => id) };
}
