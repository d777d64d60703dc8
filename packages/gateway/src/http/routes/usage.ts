import { estimateRequestSchema } from '@spillway/protocol/v1';
import { GatewayError } from '../../errors.ts';
import { dayOf } from '../../usage/periods.ts';
import { usageCsv } from '../../usage/usage-csv.ts';
import { maySee } from '../auth.ts';
import { refuseLoadBalanced } from '../load-balanced.ts';
import { usageDocs, usageQuerySchema } from '../openapi/usage-docs.ts';
import { checkQuery, parseBody } from '../parse-body.ts';
import { type Call, endpointNamed, type Route } from '../route.ts';

/** What was spent, what may be, and what something would cost. */
export const usageRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/usage',
    doc: usageDocs.usage,
    scopes: ['viewer'],
    handle: showUsage,
  },
  {
    methods: ['GET'],
    path: '/v1/prices',
    doc: usageDocs.prices,
    scopes: ['client', 'viewer'],
    handle: ({ parts }) => parts.usage.prices(),
  },
  {
    methods: ['POST'],
    path: '/v1/prices/refresh',
    doc: usageDocs.refreshPrices,
    scopes: [],
    handle: ({ parts }) => parts.usage.refreshPrices(),
  },
  {
    methods: ['GET'],
    path: '/v1/budgets',
    doc: usageDocs.budgets,
    scopes: ['viewer'],
    handle: ({ parts, caller }) =>
      parts.usage.budgets((endpoint) =>
        endpoint === undefined ? caller.endpoints === undefined : maySee(caller, endpoint),
      ),
  },
  {
    methods: ['POST'],
    path: '/v1/estimate',
    doc: usageDocs.estimate,
    scopes: ['client', 'viewer'],
    handle(call) {
      const { endpoint: name, jobs } = parseBody(estimateRequestSchema, call.body);
      const endpoint = endpointNamed(call, name);
      refuseLoadBalanced(endpoint);
      const connected = call.parts.fleet
        .workers(name)
        .filter(({ backend, state }) => backend === 'pool' && state !== 'stopped').length;
      return call.parts.usage.estimate(endpoint, jobs, connected);
    },
  },
];

const DAYS_SHOWN = 30;

async function showUsage(call: Call) {
  const { since, until, groupBy, format, endpoint, key, tag } = checkQuery(usageQuerySchema, call.query);
  const { caller, parts, reply } = call;
  if (endpoint !== undefined) endpointNamed(call, endpoint);
  const untilDay = until ?? dayOf(parts.clock.now());
  const sinceDay = since ?? untilDay - DAYS_SHOWN + 1;
  if (sinceDay > untilDay)
    throw new GatewayError('INPUT_INVALID', 'since: expected a day that is not after `until`');
  const view = await parts.usage.usage({
    ...{ sinceDay, untilDay, endpoint, key, tag, groupBy, endpoints: caller.endpoints },
  });
  const accept = String(reply.request.headers.accept ?? '');
  if (format !== 'csv' && (format === 'json' || !accept.includes('text/csv'))) return view;
  reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="usage-${view.since}-${view.until}.csv"`)
    .send(usageCsv(view.rows));
  return undefined;
}
