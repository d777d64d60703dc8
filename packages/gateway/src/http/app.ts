import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { GatewayError } from '../errors.ts';
import type { Scope } from '../keys/key-store.ts';
import { type Authenticate, authorize, type Caller } from './auth.ts';
import { createErrorHandler, isBodyTooLarge } from './error-handler.ts';
import { HttpCall } from './http-call.ts';
import { createLoadBalancedDoor, refuseLoadBalanced } from './load-balanced.ts';
import { type RateLimiter, rateLimitHeaders, refuseIfSpent } from './rate-limiter.ts';
import { addBodyReader, limitOf } from './read-body.ts';
import { createRefusalHold, isPolledByWorkers } from './refusal-hold.ts';
import { type ArrivalLimit, arrivalLimit, refuseUnreadable, serverTiming } from './request-arrival.ts';
import { createNoteAnswer, type NoteAnswer, type OnAnswer } from './request-log.ts';
import type { Answer, Route, RouteParts } from './route.ts';
import { batchRoutes } from './routes/batch.ts';
import { cancelRoutes } from './routes/cancel.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { eventRoutes } from './routes/events.ts';
import { gpuRoutes } from './routes/gpus.ts';
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
  ...gpuRoutes,
  ...keyRoutes,
  ...eventRoutes,
  ...referenceRoutes,
];

declare module 'fastify' {
  interface FastifyRequest {
    /** The row that it is for; null for what no row fits, and before it was looked at. */
    row: Route | null;
    /** Who calls; null where nobody has to say. */
    caller: Caller | null;
    /** When it came, by `performance.now()`; 0 where no row fits. */
    askedAt: number;
  }
}

export interface AppOptions {
  readonly parts: RouteParts;
  readonly authenticate: Authenticate;
  readonly log: Logger;
  readonly limiter?: RateLimiter;
  /** How long a request may take to arrive (default: by the endpoints). */
  readonly arrival?: ArrivalLimit;
  /** Names requests; Fastify does it otherwise. */
  readonly requestIds?: (request: IncomingMessage) => string;
  readonly onAnswer?: OnAnswer;
}

/** Builds the server; it does not listen yet. */
export function createApp(options: AppOptions): FastifyInstance {
  const { parts, authenticate, log, limiter, onAnswer, requestIds } = options;
  const noteAnswer = createNoteAnswer(log, onAnswer);
  const door = createLoadBalancedDoor({
    ...{ ...parts, authenticate, log, limiter, onAnswer, noteAnswer, requestIds },
  });
  const refusals = createRefusalHold(parts);
  const arrival = options.arrival ?? arrivalLimit(parts.endpoints);
  const app = Fastify({
    rewriteUrl: door.rewriteUrl,
    http: { shouldUpgradeCallback: door.isUpgrade, ...serverTiming(arrival) },
    // Of the request alone, held answers are not cut by it; the framework would set it to none.
    requestTimeout: arrival.timeoutMs,
    clientErrorHandler: refuseUnreadable,
    // Without the framework's logger: it would listen to each response. Errors are logged by the error handler.
    ...(requestIds ? { genReqId: requestIds } : {}),
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    forceCloseConnections: true,
  });
  app.decorateRequest('row', null);
  app.decorateRequest('caller', null);
  app.decorateRequest('askedAt', 0);
  addBodyReader(app, (request) => request.row);
  const face = { parts, log, noteAnswer };
  const handleError = createErrorHandler(parts.clock, log, noteAnswer);
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
      // A HEAD would take a job, or hold an endless stream, and give nothing of it.
      exposeHeadRoute: route.scopes === 'open',
      bodyLimit: limitOf(route),
      // Before the body is read: a stranger's megabytes are not.
      onRequest: (request, reply, done) => {
        request.row = route;
        request.askedAt = performance.now();
        if (!isForWorkersAlone(route)) reply.header('x-request-id', request.id);
        if (route.scopes !== 'open') {
          request.caller = admit(route, route.scopes, request, { authenticate, parts });
          if (limiter) limitRate(limiter, route, request.caller, reply);
        }
        done();
      },
      handler: (_request, reply) => serve(route.handle, face, reply),
      errorHandler: async (error, request, reply) => {
        if (route.onBodyTooLarge && isBodyTooLarge(error)) {
          serve(route.onBodyTooLarge, face, reply);
        } else {
          if (isPolledByWorkers(route)) await refusals.hold(error, reply.raw);
          handleError(error, request, reply);
        }
        return reply;
      },
    });
  }
  door.mount(app);
  return app;
}

const isForWorkersAlone = ({ scopes }: Route): boolean =>
  scopes !== 'open' && scopes.length === 1 && scopes[0] === 'worker';

/** Throws where this caller may not call this row. */
function admit(
  route: Route,
  scopes: readonly Scope[],
  request: FastifyRequest,
  { authenticate, parts }: { readonly authenticate: Authenticate; readonly parts: RouteParts },
): Caller {
  const caller = authenticate(request.raw.headers.authorization);
  const name = (request.params as Record<string, string>).endpoint;
  authorize(caller, scopes, name);
  if (name !== undefined && route.isForBothTypes !== true && route.path.startsWith('/v2/')) {
    refuseLoadBalanced(parts.endpoints.get(name));
  }
  return caller;
}

function limitRate(limiter: RateLimiter, route: Route, caller: Caller, reply: FastifyReply): void {
  const operation = route.limitedAs ?? 'other';
  const allowance = limiter.take(caller, operation);
  if (!allowance) return;
  reply.headers(rateLimitHeaders(operation, allowance));
  refuseIfSpent(operation, allowance);
}

interface Face {
  readonly parts: RouteParts;
  readonly log: Logger;
  readonly noteAnswer: NoteAnswer;
}

const ANYBODY: Caller = { scope: 'viewer' };

/** Answers by what the row says, at once or later. Nothing is thrown: an error is an answer, too. */
function serve(handle: Route['handle'], face: Face, reply: FastifyReply): void {
  const { parts, log, noteAnswer } = face;
  try {
    const answer = handle(new HttpCall(parts, reply.request.caller ?? ANYBODY, reply, log));
    if (answer instanceof Promise) {
      answer.then(
        (later) => send(reply, later, noteAnswer),
        (error: unknown) => fail(reply, error),
      );
    } else send(reply, answer, noteAnswer);
  } catch (error) {
    fail(reply, error);
  }
}

function send(reply: FastifyReply, answer: Answer, noteAnswer: NoteAnswer): void {
  try {
    if (reply.sent) {
      // A stream that has ended.
    } else if (answer === undefined) {
      void reply.code(204).send();
    } else {
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
      void reply.type('application/json; charset=utf-8').send(text);
    }
  } catch (error) {
    fail(reply, error);
    return;
  }
  noteAnswer(reply.request, reply);
}

/** Ends with the error handler of the route. */
function fail(reply: FastifyReply, error: unknown): void {
  void reply.send(error instanceof Error ? error : new Error(String(error)));
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? request.url;
}
