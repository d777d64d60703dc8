import Fastify, { type FastifyInstance } from 'fastify';

/**
 * The HTTP server that the gateway is built on, set up like the gateway's own, without anything behind it: what the
 * peers of the bench answer from, so that both sides pay the same for HTTP.
 */
export function createHttpStack(): FastifyInstance {
  const app = Fastify({
    requestTimeout: 0,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    forceCloseConnections: true,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  return app;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
