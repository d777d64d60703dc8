import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { GatewayError } from '../errors.ts';
import { type Authenticate, authorize, type Caller } from './auth.ts';
import { handleError, isBodyTooLarge } from './error-handler.ts';
import { createLoadBalancedDoor, refuseLoadBalanced } from './load-balanced.ts';
import { type RateLimiter, rateLimitHeaders, WINDOW_MS } from './rate-limiter.ts';
import { followRequests } from './request-log.ts';
import type { Answer, Route, RouteParts } from './route.ts';
import { batchRoutes } from './routes/batch.ts';
import { cancelRoutes } from './routes/cancel.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { jobOperationRoutes } from './routes/job-operations.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openAiRoutes } from './routes/openai.ts';
import { poolRoutes } from './routes/pool.ts';
import { probeRoutes } from './routes/probes.ts';
import { queueOperationRoutes } from './routes/queue-operations.ts';
import { referenceRoutes } from './routes/reference.ts';
import { runRoutes } from './routes/run.ts';
import { statusRoutes } from './routes/status.ts';
import { streamRoutes } from './routes/stream.ts';
import { workerJobRoutes } from './routes/worker-jobs.ts';
import { workerRoutes } from './routes/workers.ts';

/** The whole HTTP face: a new operation is a new row. */
export const ROUTES: readonly Route[] = [
  ...probeRoutes,
  ...runRoutes,
  ...statusRoutes,
  ...streamRoutes,
  ...cancelRoutes,
  ...queueOperationRoutes,
  ...openAiRoutes,
  ...batchRoutes,
  ...healthRoutes,
  ...metricsRoutes,
  ...workerJobRoutes,
  ...jobRoutes,
  ...jobOperationRoutes,
  ...deliveryRoutes,
  ...endpointRoutes,
  ...workerRoutes,
  ...poolRoutes,
  ...keyRoutes,
  ...eventRoutes,
  ...referenceRoutes,
];

const SMALL_BODY_BYTES = 1024 * 1024;

export interface AppOptions {
  readonly parts: RouteParts;
  readonly authenticate: Authenticate;
  readonly log: Logger;
  readonly limiter?: RateLimiter;
  /** Names requests; Fastify does it otherwise. */
  readonly requestIds?: (request: IncomingMessage) => string;
  /** Told of every answer: its method, the pattern of its route (`none` where none fits), status and time. */
  readonly onAnswer?: (method: string, route: string, status: number, ms: number) => void;
}

/** Builds the server; it does not listen yet. */
export function createApp(options: AppOptions): FastifyInstance {
  const { parts, authenticate, log, limiter, onAnswer, requestIds } = options;
  const door = createLoadBalancedDoor({ ...parts, authenticate, log });
  const app = Fastify({
    rewriteUrl: door.rewriteUrl,
    http: { shouldUpgradeCallback: door.isUpgrade },
    loggerInstance: log as FastifyBaseLogger,
    // A line a request would drown the log of a busy gateway; errors are logged by the error handler.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    ...(requestIds ? { genReqId: requestIds } : {}),
    // Held requests of 300 s must not be cut by the server.
    requestTimeout: 0,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    forceCloseConnections: true,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request, reply) =>
    handleError(
      new GatewayError('ROUTE_NOT_FOUND', `no route ${request.method} ${pathOf(request)}`),
      request,
      reply,
    ),
  );
  followRequests(app, log);
  if (onAnswer) {
    app.addHook('onResponse', (request, reply, done) => {
      onAnswer(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime);
      done();
    });
  }
  for (const route of ROUTES) {
    app.route({
      method: [...route.methods],
      url: route.path,
      // A HEAD would take a job, or hold an endless stream, and give nothing of it.
      exposeHeadRoute: route.scopes === 'open',
      bodyLimit: route.bodyLimitBytes ?? SMALL_BODY_BYTES,
      // Before the body is read: a stranger's megabytes are not.
      onRequest: async (request, reply) => {
        const caller = admit(route, request, authenticate, parts);
        if (caller && limiter) limitRate(limiter, route, caller, reply);
      },
      handler: (request, reply) => serve(route.handle, parts, request, reply),
      errorHandler: (error, request, reply) =>
        route.onBodyTooLarge && isBodyTooLarge(error)
          ? serve(route.onBodyTooLarge, parts, request, reply)
          : handleError(error, request, reply),
    });
  }
  door.mount(app);
  return app;
}

const callers = new WeakMap<FastifyRequest, Caller>();

function admit(
  route: Route,
  request: FastifyRequest,
  authenticate: Authenticate,
  { endpoints }: RouteParts,
): Caller | undefined {
  if (route.scopes === 'open') return undefined;
  const caller = authenticate(request.headers.authorization);
  const name = (request.params as Record<string, string>).endpoint;
  authorize(caller, route.scopes, name);
  if (name !== undefined && route.path.startsWith('/v2/') && !route.isForBothTypes) {
    refuseLoadBalanced(endpoints.get(name));
  }
  callers.set(request, caller);
  return caller;
}

function limitRate(limiter: RateLimiter, route: Route, caller: Caller, reply: FastifyReply): void {
  const operation = route.limitedAs ?? 'other';
  const allowance = limiter.take(caller, operation);
  if (!allowance) return;
  reply.headers(rateLimitHeaders(operation, allowance));
  if (allowance.isAllowed) return;
  throw new GatewayError(
    'RATE_LIMITED',
    `too many requests: this key may make ${allowance.limit} of kind ${operation} in ${WINDOW_MS / 1000} s; try again in ${allowance.retryAfterMs} ms`,
  );
}

async function serve(
  handle: Route['handle'],
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = await handle({
    parts,
    caller: callers.get(request) ?? { scope: 'viewer' },
    params: request.params as Record<string, string>,
    query: queryOf(request),
    body: typeof request.body === 'string' ? request.body : '',
    signal: clientGone(reply),
    reply,
  });
  return send(reply, answer);
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (reply.sent) return reply;
  if (answer === undefined) return reply.code(204).send();
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  return reply.type('application/json; charset=utf-8').send(text);
}

/** Aborts when the connection closes before the answer is out. */
function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) gone.abort();
  });
  return gone.signal;
}

function queryOf(request: FastifyRequest): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    query[key] = Array.isArray(value) ? (value[0] ?? '') : value;
  }
  return query;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? request.url;
}
