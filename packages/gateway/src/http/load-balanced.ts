import http, { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';
import type { Endpoint, LoadBalancing } from '../endpoints/endpoint.ts';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { ERRORS, GatewayError } from '../errors.ts';
import { parseAffinity, WORKER_ID_HEADER } from '../load-balancing/affinity.ts';
import { checkRequestSize, relayResponse, requestWorker } from '../load-balancing/forward-request.ts';
import type { LoadBalancer } from '../load-balancing/load-balancer.ts';
import {
  type ClientSide,
  requestHeaders,
  responseHeaders,
  upgradeHeaders,
} from '../load-balancing/proxy-headers.ts';
import type { Permit } from '../load-balancing/request-line.ts';
import { openTunnel, runTunnel } from '../load-balancing/tunnel.ts';
import { type WorkerUse, withWorker } from '../load-balancing/with-worker.ts';
import { type Authenticate, authorize, type Caller } from './auth.ts';
import { errorBody } from './error-handler.ts';
import type { HttpCall } from './http-call.ts';
import { createLbTargets, type LbTarget } from './lb-target.ts';
import { type RateLimiter, rateLimitHeaders, refuseIfSpent } from './rate-limiter.ts';
import type { NoteAnswer, OnAnswer } from './request-log.ts';

/**
 * The door to endpoints whose workers serve HTTP themselves. It stands beside the route table, since it must not touch
 * what passes: any method, path and body, and WebSockets.
 */
export interface LoadBalancedOptions {
  readonly endpoints: EndpointDirectory;
  readonly loadBalancer: LoadBalancer;
  readonly clock: Clock;
  readonly authenticate: Authenticate;
  readonly log: Logger;
  readonly limiter: RateLimiter | undefined;
  /** These two are for upgrades, which are no calls. */
  readonly requestIds: (request: IncomingMessage) => string;
  readonly onAnswer: OnAnswer | undefined;
  readonly noteAnswer: NoteAnswer;
}

/** All paths of an endpoint are one for the router. */
const ROUTE = '/lb/:endpoint';

/** A worker closes idle connections, too; a request sent at that moment would be lost. So ours are closed sooner. */
const IDLE_CONNECTION_MS = 1_000;
/** A client has nothing to say between its upgrade and the answer to it. */
const EARLY_LIMIT_BYTES = 64 * 1024;

export function createLoadBalancedDoor(options: LoadBalancedOptions): LoadBalancedDoor {
  return new LoadBalancedDoor(options);
}

export class LoadBalancedDoor {
  readonly #options: LoadBalancedOptions;
  readonly #targetOf: ReturnType<typeof createLbTargets>;
  readonly #agent = new http.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });

  constructor(options: LoadBalancedOptions) {
    this.#options = options;
    this.#targetOf = createLbTargets(options.endpoints);
  }

  /** Whether it is asked for: at any path of such an endpoint, or at a name of its own. */
  isFor(request: IncomingMessage): boolean {
    return this.#targetOf(request) !== undefined;
  }

  /** For the server: other upgrades than these are answered as plain requests. */
  readonly isUpgrade = (request: IncomingMessage): boolean =>
    request.headers.upgrade?.toLowerCase() === 'websocket' && this.#targetOf(request) !== undefined;

  /** WebSockets come in through the server itself. */
  mount(server: Server): void {
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  close(): void {
    this.#agent.destroy();
  }

  async serve(call: HttpCall): Promise<void> {
    const { request } = call;
    call.pattern = ROUTE;
    const client = this.#admit(request, call.id, (headers) => void call.headers(headers));
    checkRequestSize(request, client.settings.payloadLimitBytes);
    const left = new AbortController();
    call.raw.once('close', () => {
      if (!call.raw.writableFinished) left.abort(new Error('the client left'));
    });
    try {
      await withWorker(this.#workerFor(client, left.signal), async (permit, signal) => {
        call.header(WORKER_ID_HEADER, permit.workerId);
        const limitBytes = client.settings.payloadLimitBytes;
        const response = await requestWorker({
          request,
          port: permit.port,
          path: client.target.path,
          headers: requestHeaders(client.side),
          limitBytes,
          agent: this.#agent,
          signal,
        });
        call.hijack().code(response.statusCode ?? 502);
        const headers = responseHeaders(workerSide(response, permit, client));
        return relayResponse(response, call.raw, headers, limitBytes);
      });
      this.#options.noteAnswer(call);
    } catch (error) {
      if (!left.signal.aborted) throw error;
      // Nobody is there to be answered.
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => {});
    const reply = new ServerResponse(request);
    reply.shouldKeepAlive = false;
    reply.assignSocket(socket as Socket);
    reply.on('finish', () => (socket as Socket).destroySoon());
    const left = new AbortController();
    const early = collectEarly(socket, head, () => left.abort(new Error('the client left')));
    const id = this.#options.requestIds(request);
    reply.setHeader('x-request-id', id);
    const answered = this.#timeUpgrade(request);
    reply.on('finish', () => answered(reply.statusCode));
    try {
      const client = this.#admit(request, id, (headers) =>
        reply.setHeaders(new Map(Object.entries(headers))),
      );
      await withWorker(this.#workerFor(client, left.signal), async (permit, signal) => {
        reply.setHeader(WORKER_ID_HEADER, permit.workerId);
        const { port } = permit;
        const headers = requestHeaders(client.side, true);
        const worker = await openTunnel({ port, path: client.target.path, headers, signal });
        const side = workerSide(worker.response, permit, client);
        if (worker.type === 'answered') {
          const { payloadLimitBytes } = client.settings;
          return relayResponse(worker.response, reply, responseHeaders(side), payloadLimitBytes);
        }
        answered(worker.response.statusCode ?? 101);
        permit.becomeSocket();
        reply.detachSocket(socket as Socket);
        await runTunnel({ socket, head: early() }, worker, upgradeHeaders(side));
        return 'answered';
      });
    } catch (error) {
      if (left.signal.aborted) socket.destroy();
      else this.#refuseUpgrade(reply, error, id);
    }
  }

  /** To be told when an upgrade is answered, either way; how long its WebSocket lives says nothing of the gateway. */
  #timeUpgrade({ method = 'GET' }: IncomingMessage): (status: number) => void {
    const { clock, onAnswer } = this.#options;
    const askedAt = clock.now();
    return (status) => onAnswer?.(method, ROUTE, status, clock.now() - askedAt);
  }

  /** Who calls what. Throws a GatewayError when that isn't possible; `tell` gets headers for whatever is answered. */
  #admit(request: IncomingMessage, requestId: string, tell: (headers: Headers) => void): Client {
    const { endpoints, authenticate } = this.#options;
    const target = this.#targetOf(request);
    if (!target) throw new GatewayError('ROUTE_NOT_FOUND', 'no such path');
    const caller = authenticate(request.headers.authorization);
    authorize(caller, ['client'], target.endpoint);
    const limits = this.#limitRate(caller, tell);
    const endpoint = endpoints.get(target.endpoint);
    if (!endpoint) throw new GatewayError('ENDPOINT_NOT_FOUND', 'endpoint not found');
    if (!endpoint.loadBalancing) {
      const message = `not allowed for QB API: the endpoint ${endpoint.name} takes jobs; submit one to /v2/${endpoint.name}/run`;
      throw new GatewayError('QUEUE_ENDPOINT', message);
    }
    const { rawHeaders, method = 'GET', socket } = request;
    const isTls = 'encrypted' in socket && socket.encrypted === true;
    const address = socket.remoteAddress ?? '';
    const side: ClientSide = { rawHeaders, method, address, isTls, prefix: target.prefix, requestId };
    return {
      target,
      ours: { ...limits, 'x-request-id': requestId },
      settings: endpoint.loadBalancing,
      side,
      host: request.headers.host ?? '',
      wants: request.headers[WORKER_ID_HEADER]?.toString(),
    };
  }

  /** Headers that say how the caller stands; none where it has no limit. */
  #limitRate(caller: Caller, tell: (headers: Headers) => void): Headers {
    const allowance = this.#options.limiter?.take(caller, 'lb');
    if (!allowance) return {};
    const headers = rateLimitHeaders('lb', allowance);
    tell(headers);
    refuseIfSpent('lb', allowance);
    return headers;
  }

  #workerFor({ target, settings, wants }: Client, left: AbortSignal): WorkerUse {
    const { loadBalancer, clock } = this.#options;
    return {
      loadBalancer,
      clock,
      endpoint: target.endpoint,
      affinity: parseAffinity(wants),
      requestTimeoutMs: settings.requestTimeoutMs,
      left,
    };
  }

  #refuseUpgrade(reply: ServerResponse, error: unknown, requestId: string): void {
    const known =
      error instanceof GatewayError
        ? error
        : new GatewayError('INTERNAL', 'the gateway failed; the reason is in its log', { cause: error });
    const { status } = ERRORS[known.code];
    if (status >= 500) this.#options.log.error({ err: error, requestId }, known.message);
    reply.statusCode = status;
    reply.setHeader('content-type', 'application/problem+json');
    reply.end(JSON.stringify(errorBody(known, requestId)));
  }
}

/** Throws for an endpoint whose workers serve HTTP themselves: it has no queue. */
export function refuseLoadBalanced(endpoint: Endpoint | undefined): void {
  if (!endpoint?.loadBalancing) return;
  const { name } = endpoint;
  throw new GatewayError(
    'LOAD_BALANCER_ENDPOINT',
    `not allowed for LB API: the workers of ${name} serve HTTP themselves; call /lb/${name}/`,
  );
}

type Headers = Readonly<Record<string, string>>;

interface Client {
  readonly target: LbTarget;
  /** Headers that the gateway adds to the worker's answer. */
  readonly ours: Headers;
  readonly settings: LoadBalancing;
  readonly side: ClientSide;
  readonly host: string;
  /** The request's own X-Runpod-Worker-Id. */
  readonly wants: string | undefined;
}

function workerSide({ rawHeaders }: IncomingMessage, { workerId }: Permit, { target, host, ours }: Client) {
  return { rawHeaders, workerId, prefix: target.prefix, host, ours };
}

/**
 * Reads what a client sends before its upgrade is answered, which is also the only way to notice that it leaves. The
 * returned function ends that and hands out what came.
 */
function collectEarly(socket: Duplex, head: Buffer, onLeft: () => void): () => Buffer {
  const chunks = [head];
  let size = 0;
  const collect = (chunk: Buffer) => {
    size += chunk.length;
    if (size > EARLY_LIMIT_BYTES) socket.destroy();
    else chunks.push(chunk);
  };
  socket.on('data', collect);
  socket.once('end', onLeft);
  socket.once('close', onLeft);
  return () => {
    socket.pause();
    socket.off('data', collect);
    socket.off('end', onLeft);
    socket.off('close', onLeft);
    return Buffer.concat(chunks);
  };
}
