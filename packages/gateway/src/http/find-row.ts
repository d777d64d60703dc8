import createRouter, { type HTTPMethod } from 'find-my-way';
import { GatewayError } from '../errors.ts';
import type { Address } from './address.ts';
import type { HttpCall } from './http-call.ts';
import type { Route } from './route.ts';

const METHODS: readonly HTTPMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const MOST_ADDRESSES = 1_000;
const LONGEST_ADDRESS_CHARS = 256;

/** Puts the row's parameters into the call. Throws ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED, or INPUT_INVALID where the address can't be read. */
export function createRowFinder(rows: readonly Route[]): (call: HttpCall) => Route {
  const router = createRouter({
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: true,
    // Read when somebody looks at it.
    querystringParser: (text) => text as unknown as Record<string, string>,
    onBadUrl: () => {},
  });
  const handle = () => {};
  for (const row of rows) {
    router.on([...row.methods], row.path, handle, row);
    // Elsewhere a HEAD would take a job, or hold an endless stream, and give nothing of it.
    if (row.scopes === 'open' && row.methods.includes('GET')) router.on('HEAD', row.path, handle, row);
  }
  // Of addresses that are called again and again: a worker's poll, an endpoint's submits. Those with an id come once.
  const known: Record<string, Map<string, Address>> = { GET: new Map(), POST: new Map() };

  function refuse(call: HttpCall): GatewayError {
    const { method, request, path } = call;
    const others = METHODS.filter((other) => router.find(other, request.url ?? '/')?.store);
    if (others.length === 0) return new GatewayError('ROUTE_NOT_FOUND', `no route ${method} ${path}`);
    call.header('allow', others.join(', '));
    return new GatewayError('METHOD_NOT_ALLOWED', `${path} takes ${others.join(' or ')}, not ${method}`);
  }

  function find(call: HttpCall): Address {
    const { method, path, request } = call;
    const found = router.find(method as HTTPMethod, request.url ?? '/');
    if (!found) throw refuse(call);
    const row = found.store as Route | null;
    if (!row) throw new GatewayError('INPUT_INVALID', `bad request: '${path}' is not a valid url component`);
    const params = found.params as Readonly<Record<string, string>>;
    return { row, params, search: found.searchParams as unknown as string, query: undefined };
  }

  function findAgain(call: HttpCall): Address {
    const { url = '/' } = call.request;
    const addresses = known[call.method];
    const before = addresses?.get(url);
    if (before) return before;
    const found = find(call);
    if (!addresses || 'id' in found.params || url.length > LONGEST_ADDRESS_CHARS) return found;
    if (addresses.size >= MOST_ADDRESSES) addresses.clear();
    addresses.set(url, found);
    return found;
  }

  return (call) => {
    const found = findAgain(call);
    call.row = found.row;
    call.pattern = found.row.path;
    call.params = found.params;
    call.address = found;
    return found.row;
  };
}
