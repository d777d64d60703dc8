import http from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../errors.ts';
import { createByteLimit } from './byte-limit.ts';

/**
 * One HTTP request through to a worker and its answer back, both as they come: nothing is held but what is on its way.
 */
export interface Forwarding {
  readonly request: http.IncomingMessage;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly string[];
  readonly limitBytes: number;
  readonly agent: http.Agent;
  /** Aborts when the client left or the time is over; its reason is what `requestWorker` rejects with. */
  readonly signal: AbortSignal;
}

/** The worker doesn't listen: nothing of the request was sent, so another worker may have it. */
export class WorkerRefusedError extends Error {
  override readonly name = 'WorkerRefusedError';
}

/**
 * Resolves with the worker's answer as soon as its head is there; the request's body may still be on its way then.
 * Rejects with a GatewayError, a WorkerRefusedError, or the signal's reason; the client can be answered then.
 */
export function requestWorker(forwarding: Forwarding): Promise<http.IncomingMessage> {
  const { request, port, path, headers, limitBytes, agent, signal } = forwarding;
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) return Promise.reject(requestTooLarge(limitBytes));
  return new Promise((resolve, reject) => {
    const { method = 'GET' } = request;
    const upstream = http.request({ host: '127.0.0.1', port, method, path, headers, agent });
    const body = createByteLimit(limitBytes, () => requestTooLarge(limitBytes));
    let isSent = false;
    const send = () => {
      isSent = true;
      if (hasBody(request)) request.pipe(body).pipe(upstream);
      else upstream.end();
    };
    const over = () => {
      signal.removeEventListener('abort', abort);
      if (!isSent) return;
      request.unpipe(body);
      // What the client still sends must be taken: it may read no answer before, and send no further request.
      request.resume();
      if (!upstream.writableFinished) upstream.destroy();
    };
    const end = (error: unknown) => {
      reject(error);
      upstream.destroy();
    };
    const abort = () => end(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    upstream.on('close', over);
    upstream.on('response', (response) => {
      // A worker may answer before it has read the whole request, and never read the rest.
      response.once('close', over);
      const length = Number(response.headers['content-length'] ?? 0);
      if (length <= limitBytes || method === 'HEAD') resolve(response);
      else end(responseTooLarge(limitBytes));
    });
    upstream.on('error', (error) => reject(workerFailed(error, isSent)));
    body.on('error', end);
    // A client that leaves is told by the signal.
    request.on('error', () => {});
    onceConnected(upstream, send);
    if (signal.aborted) abort();
  });
}

/**
 * Sends the worker's answer on. When the worker fails before its end the client's connection is cut, so that it doesn't
 * take what it got for the whole. Never rejects.
 */
export async function relayResponse(
  response: http.IncomingMessage,
  reply: http.ServerResponse,
  headers: readonly string[],
  limitBytes: number,
): Promise<'answered' | 'abandoned' | 'failed'> {
  reply.writeHead(response.statusCode ?? 502, response.statusMessage, [...headers]);
  try {
    if (response.headers['content-length'] !== undefined) {
      await pipeline(response, reply);
      return 'answered';
    }
    // A stream of events may have its first one late.
    reply.flushHeaders();
    const limit = createByteLimit(limitBytes, () => responseTooLarge(limitBytes));
    await pipeline(response, limit, reply);
    return 'answered';
  } catch (error) {
    const isClients =
      error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    return isClients ? 'abandoned' : 'failed';
  }
}

function hasBody({ headers }: http.IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Calls `then` when the connection stands: until then nothing is taken of what is to be sent. */
export function onceConnected(upstream: http.ClientRequest, then: () => void): void {
  upstream.once('socket', (socket: Socket) => {
    if (socket.connecting) socket.once('connect', then);
    else then();
  });
}

/** Why the worker gave no answer. */
export function workerFailed(error: Error, isSent: boolean): Error {
  if (!isSent) return new WorkerRefusedError(error.message, { cause: error });
  return new GatewayError(
    'WORKER_UNREACHABLE',
    `the worker gave no answer (${error.message}); the request may have had effects, it is not sent again`,
    { cause: error },
  );
}

/** Throws for a body that says itself that it is too large; a worker needn't be waited for then. */
export function checkRequestSize(request: http.IncomingMessage, limitBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw requestTooLarge(limitBytes);
}

function requestTooLarge(limitBytes: number): GatewayError {
  return new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `the request's body exceeds ${inMib(limitBytes)} MiB (the endpoint's payloadLimit)`,
  );
}

function responseTooLarge(limitBytes: number): GatewayError {
  return new GatewayError(
    'RESPONSE_TOO_LARGE',
    `the worker's answer exceeds ${inMib(limitBytes)} MiB (the endpoint's payloadLimit)`,
  );
}

function inMib(bytes: number): number {
  return bytes / (1024 * 1024);
}
