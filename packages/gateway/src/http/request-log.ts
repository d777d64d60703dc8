import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** Every request has an id that the client may choose: it comes back in `x-request-id` and stands in every log line. */
const WELL_FORMED = /^[\w.:/+=-]{1,128}$/;

/** The client's own id where it sent a sound one, else one of ours that begins with `prefix`. */
export function createRequestIds(prefix: string): (request: IncomingMessage) => string {
  let count = 0;
  return ({ headers }) => {
    const given = headers['x-request-id'];
    if (typeof given === 'string' && WELL_FORMED.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

/** Sends each request's id back, and at the level debug logs a line for each answer. */
export function followRequests(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  // Asked once, so that a busy gateway pays nothing for what it does not log.
  if (!log.isLevelEnabled('debug')) return;
  app.addHook('onResponse', (request, reply, done) => {
    const { method, params, routeOptions } = request;
    const { endpoint, id, worker } = params as Readonly<Record<string, string>>;
    const named = {
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(id === undefined ? {} : { jobId: id }),
      ...(worker === undefined ? {} : { workerId: worker }),
    };
    const answer = {
      method,
      route: routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    request.log.debug({ ...answer, ...named }, 'answered');
    done();
  });
}
