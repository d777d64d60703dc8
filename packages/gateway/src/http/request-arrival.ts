import { type ServerOptions, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../errors.ts';
import { STRICT_WAIT_MS } from '../load-balancing/request-line.ts';
import { errorBody } from './error-handler.ts';

/**
 * Requests that never end: how long one may take to arrive, headers and body, and what a connection is told whose
 * request can't be read. Node counts from a request's first byte to its last, and not the time that its answer takes, so
 * held polls and jobs that are waited for may be as long as they like. Headers have Node's own limit, 60 s.
 */
export interface ArrivalLimit {
  readonly timeoutMs: number;
  /** How often Node looks for connections that are over it (default: its own, 30 s). */
  readonly checkEveryMs?: number;
}

/** The largest chunk, 128 MiB, gets through a line of 2 Mbit/s. */
const TIMEOUT_MS = 600_000;

/**
 * A request to a load-balancing endpoint is read as its worker takes it, so it may be as long on its way as it may wait
 * and run.
 */
export function arrivalLimit(endpoints: Iterable<Endpoint>): ArrivalLimit {
  const limits = [...endpoints].map(({ loadBalancing }) =>
    loadBalancing
      ? Math.max(STRICT_WAIT_MS, loadBalancing.waitTimeoutMs) + loadBalancing.requestTimeoutMs
      : 0,
  );
  return { timeoutMs: Math.max(TIMEOUT_MS, ...limits) };
}

/** The same as options of a server, which also bring its limit for headers below it where it is shorter. */
export function serverTiming({ timeoutMs, checkEveryMs }: ArrivalLimit): ServerOptions {
  return {
    requestTimeout: timeoutMs,
    ...(checkEveryMs === undefined ? {} : { connectionsCheckingInterval: checkEveryMs }),
  };
}

/** For a server's `clientError`: the common error body where an answer can still be given, and the end in any case. */
export function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  // Within an answer that has begun these bytes would be taken for a part of it.
  const { _httpMessage: answer } = socket as { _httpMessage?: { readonly headersSent: boolean } | null };
  if (error.code !== 'ECONNRESET' && socket.writable && !answer?.headersSent) {
    const [code, sentence] = REASONS[error.code ?? ''] ?? NOT_HTTP;
    const { status } = ERRORS[code];
    const body = JSON.stringify(errorBody(new GatewayError(code, sentence)));
    const headers = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${headers.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroy(error);
}

const NOT_HTTP: readonly [ErrorCode, string] = [
  'INPUT_INVALID',
  'bad request: what was sent can not be read as HTTP',
];

const REASONS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    'REQUEST_TOO_SLOW',
    'the request did not arrive as a whole in time; send less at once, or over a faster line',
  ],
  HPE_HEADER_OVERFLOW: [
    'HEADERS_TOO_LARGE',
    'the request’s headers are larger than 16 KiB in all; send less of them',
  ],
};
