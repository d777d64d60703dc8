import { WORKER_ID_HEADER } from './affinity.ts';

/**
 * The headers that change on the way through a proxy (RFC 9110, 7.6.1); everything else keeps its spelling, order and
 * repetitions. Headers are lists of name, value, name, value, as Node has them in `rawHeaders`.
 */
export type RawHeaders = readonly string[];

const REQUEST_ID_HEADER = 'x-request-id';

/** Meant for one connection only, besides those that `Connection` names. */
const HOP_BY_HOP = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export interface ClientSide {
  readonly rawHeaders: RawHeaders;
  readonly method: string;
  /** Address of whoever is at the other end of the connection. */
  readonly address: string;
  readonly isTls: boolean;
  /** What the gateway took off the front of the path, such as `/lb/mine`; empty under the endpoint's own host. */
  readonly prefix: string;
  /** What the gateway calls the request. */
  readonly requestId?: string | undefined;
}

/** Methods whose requests have no body unless they say so. */
const BODYLESS = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'];

/** What the worker gets: without the gateway's key, with word of the client. `isUpgrade` asks for a WebSocket. */
export function requestHeaders(client: ClientSide, isUpgrade = false): string[] {
  const { rawHeaders, method, address, isTls, prefix, requestId } = client;
  const sent = (name: string) => firstValue(rawHeaders, name);
  const host = sent('host') ?? 'localhost';
  const headers = without(endToEnd(rawHeaders), [
    'authorization',
    'expect',
    'host',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-prefix',
    'x-forwarded-proto',
  ]);
  const hops = [sent('x-forwarded-for'), address].filter((hop) => hop).join(', ');
  headers.unshift('Host', host);
  headers.push('X-Forwarded-For', hops);
  // A proxy in front of the gateway knows better which name and scheme the client used.
  headers.push('X-Forwarded-Host', sent('x-forwarded-host') ?? host);
  headers.push('X-Forwarded-Proto', sent('x-forwarded-proto') ?? (isTls ? 'https' : 'http'));
  if (prefix !== '') headers.push('X-Forwarded-Prefix', `${sent('x-forwarded-prefix') ?? ''}${prefix}`);
  // Often the client's own, which stays as it was written then.
  if (requestId !== undefined && sent(REQUEST_ID_HEADER) !== requestId) {
    const others = without(headers, [REQUEST_ID_HEADER]);
    headers.splice(0, headers.length, ...others, 'X-Request-Id', requestId);
  }
  if (isUpgrade) return [...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
  if (sent('transfer-encoding') !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (sent('content-length') === undefined && !BODYLESS.includes(method)) {
    headers.push('Content-Length', '0');
  }
  return headers;
}

export interface WorkerSide {
  readonly rawHeaders: RawHeaders;
  readonly workerId: string;
  readonly prefix: string;
  /** The `Host` that the worker was called by. */
  readonly host: string;
  /** What the gateway itself has to say, by name; a request id among it is the only one then. */
  readonly ours?: Readonly<Record<string, string>>;
}

/** What the client gets: also the worker's id, and redirects that lead back through the prefix. */
export function responseHeaders({ rawHeaders, workerId, prefix, host, ours = {} }: WorkerSide): string[] {
  const replaced = [WORKER_ID_HEADER, ...(REQUEST_ID_HEADER in ours ? [REQUEST_ID_HEADER] : [])];
  const headers = without(endToEnd(rawHeaders), replaced).map((text, index, all) =>
    index % 2 === 1 && all[index - 1]?.toLowerCase() === 'location' ? relocate(text, prefix, host) : text,
  );
  return [...headers, 'X-Runpod-Worker-Id', workerId, ...Object.entries(ours).flat()];
}

/** The same for the answer to a WebSocket upgrade. */
export function upgradeHeaders(worker: WorkerSide): string[] {
  return [...responseHeaders(worker), 'Connection', 'Upgrade', 'Upgrade', 'websocket'];
}

/** First value of a header, by its lower-case name. */
export function firstValue(rawHeaders: RawHeaders, name: string): string | undefined {
  const index = rawHeaders.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name);
  return index < 0 ? undefined : rawHeaders[index + 1];
}

function endToEnd(rawHeaders: RawHeaders): string[] {
  const named = rawHeaders
    .filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'connection')
    .flatMap((list) => list.split(','))
    .map((name) => name.trim().toLowerCase());
  return without(rawHeaders, [...HOP_BY_HOP, ...named]);
}

function without(rawHeaders: RawHeaders, names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!names.includes(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

/** A redirect to a path of the worker's own is one below the prefix for the client. */
function relocate(location: string, prefix: string, host: string): string {
  if (prefix === '') return location;
  const [, origin = '', path = ''] = /^(https?:\/\/[^/?#]*)?(\/(?!\/).*)?$/i.exec(location) ?? [];
  if (path === '') return location;
  const isOwn = origin === '' || origin.replace(/^https?:\/\//i, '').toLowerCase() === host.toLowerCase();
  return isOwn ? `${origin}${prefix}${path}` : location;
}
