import type { IncomingMessage } from 'node:http';
import type { Endpoint } from '../endpoints/endpoint.ts';

/** Where a request to a load-balancing endpoint goes. */
export interface LbTarget {
  readonly endpoint: string;
  /** What the worker is asked for: path and query exactly as the client wrote them. */
  readonly path: string;
  /** What was taken off the front of the path; empty under the endpoint's own host. */
  readonly prefix: string;
}

/** The router may rewrite `url`; it leaves what the client sent in `originalUrl`. */
type RoutedRequest = Pick<IncomingMessage, 'url' | 'headers'> & { readonly originalUrl?: string };

/** Reads the target of a request: by the endpoint's own host name, or by `/lb/{endpoint}/…`; undefined for all others. */
export function createLbTargets(
  endpoints: Iterable<Endpoint>,
): (request: RoutedRequest) => LbTarget | undefined {
  const byHost = new Map<string, string>();
  for (const { name, loadBalancing } of endpoints) {
    if (loadBalancing?.host !== undefined) byHost.set(loadBalancing.host, name);
  }
  return ({ url, originalUrl = url ?? '', headers }) => {
    // Asked of every request, so the cheap looks come first.
    const own = byHost.size === 0 ? undefined : byHost.get(hostOf(headers));
    if (own !== undefined && originalUrl.startsWith('/')) {
      return { endpoint: own, path: originalUrl, prefix: '' };
    }
    if (!originalUrl.startsWith('/lb/')) return undefined;
    const [, prefix, endpoint, rest = ''] = /^(\/lb\/([^/?#]+))(.*)$/s.exec(originalUrl) ?? [];
    if (prefix === undefined || endpoint === undefined) return undefined;
    return { endpoint, path: rest.startsWith('/') ? rest : `/${rest}`, prefix };
  };
}

function hostOf({ host }: IncomingMessage['headers']): string {
  return host?.replace(/:\d+$/, '').toLowerCase() ?? '';
}
