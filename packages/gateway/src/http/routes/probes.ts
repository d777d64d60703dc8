import { GatewayError } from '../../errors.ts';
import type { Route } from '../route.ts';

/** For supervisors and load balancers; the only routes without a key. */
export const probeRoutes: readonly Route[] = [
  { methods: ['GET'], path: '/livez', scopes: 'open', handle: () => ({ status: 'ok' }) },
  {
    methods: ['GET'],
    path: '/readyz',
    scopes: 'open',
    handle({ parts }) {
      if (parts.isStopping()) throw new GatewayError('SHUTTING_DOWN', 'the gateway is shutting down');
      return { status: 'ok' };
    },
  },
];
