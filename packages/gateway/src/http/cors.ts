import type { IncomingMessage, ServerResponse } from 'node:http';
import { DATA_PATH } from '@spillway/artifacts';

/**
 * Pages from elsewhere that may call: those of listed origins, each compared as a whole. What is allowed is named, since
 * browsers take `*` for less than it says once a key is sent along. Without origins there is nothing of this at all.
 */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

const PATHS = ['/v1/', '/v2/'];
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const SENT = [
  ...['authorization', 'content-type', 'idempotency-key', 'range', 'if-range', 'if-none-match'],
  'last-event-id',
];
const READ = [
  ...['accept-ranges', 'content-disposition', 'content-length', 'content-range', 'etag', 'location'],
  ...['idempotency-replayed', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
];
const MAX_AGE_S = '3600';

/** True: it was a preflight, and has its answer. */
export function createCors(origins: readonly string[]): Cors | undefined {
  if (origins.length === 0) return undefined;
  const known = new Set(origins);
  return ({ url = '', method, headers }, response) => {
    if (!PATHS.some((path) => url.startsWith(path))) return false;
    const { origin } = headers;
    // A browser that kept an artifact for an <img> must not take it as the answer to a script.
    if (origin !== undefined || url.startsWith(DATA_PATH)) response.setHeader('vary', 'origin');
    if (origin === undefined || !known.has(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) {
      response.setHeader('access-control-expose-headers', READ.join(', '));
      return false;
    }
    response.writeHead(204, {
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': SENT.join(', '),
      'access-control-max-age': MAX_AGE_S,
    });
    response.end();
    return true;
  };
}
