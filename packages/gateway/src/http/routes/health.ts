import type { HealthReply } from '@spillway/protocol';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { endpointOf, type Route } from '../route.ts';

export const healthRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v2/:endpoint/health',
    doc: runpodDocs.health,
    scopes: ['client', 'viewer', 'worker'],
    isForBothTypes: true,
    handle(call): HealthReply {
      const endpoint = endpointOf(call);
      if (endpoint.loadBalancing) return call.parts.loadBalancer.health(endpoint.name);
      const { completed, failed, inProgress, inQueue, retried } = call.parts.queue.counts(endpoint.name);
      return {
        jobs: { completed, failed, inProgress, inQueue, retried },
        workers: call.parts.fleet.counts(endpoint.name),
      };
    },
  },
];
