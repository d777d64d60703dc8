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
import type { Answer, Route, RouteParts } from './route.ts';
import { cancelRoutes } from './routes/cancel.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { healthRoutes } from './routes/health.ts';
import { jobListRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { openAiRoutes } from './routes/openai.ts';
import { probeRoutes } from './routes/probes.ts';
import { queueOperationRoutes } from './routes/queue-operations.ts';
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
  ...healthRoutes,
  ...workerJobRoutes,
  ...jobListRoutes,
  ...deliveryRoutes,
  ...workerRoutes,
  ...keyRoutes,
];

const SMALL_BODY_BYTES = 1024 * 1024;

export interface AppOptions {
  readonly parts: RouteParts;
  readonly authenticate: Authenticate;
  readonly log: Logger;
}

/** Builds the server; it does not listen yet. */
export function createApp({ parts, authenticate, log }: AppOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    // A line a request would drown the log of a busy gateway; errors are logged by the error handler.
    logController: new LogController({ disableRequestLogging: true }),
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
  for (const route of ROUTES) {
    app.route({
      method: [...route.methods],
      url: route.path,
      bodyLimit: route.bodyLimitBytes ?? SMALL_BODY_BYTES,
      // Before the body is read: a stranger's megabytes are not.
      onRequest: async (request) => admit(route, request, authenticate),
      handler: (request, reply) => serve(route.handle, parts, request, reply),
      errorHandler: (error, request, reply) =>
        route.onBodyTooLarge && isBodyTooLarge(error)
          ? serve(route.onBodyTooLarge, parts, request, reply)
          : handleError(error, request, reply),
    });
  }
  return app;
}

const callers = new WeakMap<FastifyRequest, Caller>();

async function admit(route: Route, request: FastifyRequest, authenticate: Authenticate): Promise<void> {
  if (route.scopes === 'open') return;
  const caller = authenticate(request.headers.authorization);
  authorize(caller, route.scopes, (request.params as Record<string, string>).endpoint);
  callers.set(request, caller);
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
