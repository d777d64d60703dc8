import { GatewayError } from '../../errors.ts';
import { monitoringDocs } from '../openapi/native-docs.ts';
import type { Route } from '../route.ts';

/** For supervisors and load balancers; the only routes without a key. */
export const probeRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/livez',
    doc: monitoringDocs.live,
    scopes: 'open',
    handle: () => ({ status: 'ok' }),
  },
  {
    methods: ['GET'],
    path: '/readyz',
    doc: monitoringDocs.ready,
    scopes: 'open',
    handle({ parts }) {
      if (parts.isStopping()) throw new GatewayError('SHUTTING_DOWN', 'the gateway is shutting down');
      return { status: 'ok' };
    },
  },
];
