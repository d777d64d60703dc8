import createRouter, { type HTTPMethod } from 'find-my-way';
import { GatewayError } from '../errors.ts';
import type { HttpCall } from './http-call.ts';
import type { Route } from './route.ts';

/** Puts the row's parameters into the call. Throws ROUTE_NOT_FOUND, or INPUT_INVALID where the address can't be read. */
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
  return (call) => {
    const { url = '/' } = call.request;
    const found = router.find(call.method as HTTPMethod, url);
    if (!found) throw new GatewayError('ROUTE_NOT_FOUND', `no route ${call.method} ${call.path}`);
    const row = found.store as Route | null;
    if (!row)
      throw new GatewayError('INPUT_INVALID', `bad request: '${call.path}' is not a valid url component`);
    call.pattern = row.path;
    call.params = found.params as Readonly<Record<string, string>>;
    call.search = found.searchParams as unknown as string;
    return row;
  };
}
