import { z } from 'zod';
import type { DocumentedRoute } from './route-doc.ts';

/**
 * What the OpenAPI document says of endpoints whose workers serve HTTP themselves. They are no row of the route table,
 * since nothing of a request is looked at; what is described here are the methods that OpenAPI knows and people use.
 */
export const loadBalancedCalls: DocumentedRoute = {
  methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  path: '/lb/:endpoint/*',
  scopes: ['client'],
  doc: {
    id: 'loadBalanced',
    tag: 'Load balancing',
    summary: 'Call a worker that serves HTTP itself',
    description:
      'Any method, path, query and body go to a worker as they are, WebSockets too, and its answer comes back the same way. What a worker answers is its own; the errors here are those of the gateway: no worker has room, none can be started, it gave no answer.',
    headers: z.object({
      'X-Runpod-Worker-Id': z
        .string()
        .describe('`<id>`: that worker if it has room; `strict <id>`: that one only.')
        .optional(),
      'X-Request-Id': z.string().describe('Names the request, here and at the worker.').optional(),
    }),
    answers: { '2XX': { description: 'Whatever the worker answers.' } },
  },
};
