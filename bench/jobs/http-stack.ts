import { createSystemClock } from '@spillway/sdk/clock';
import createRouter, { type HTTPMethod } from 'find-my-way';
import { createBodyBudget } from '../../packages/gateway/src/http/body-budget.ts';
import { hasBody, readBody } from '../../packages/gateway/src/http/read-body.ts';
import { createHttpServer } from '../../packages/gateway/src/http/server.ts';

/** What a peer answers a call with: JSON as text, or nothing. */
export type PeerHandler = (call: {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}) => string | undefined | Promise<string | undefined>;

/**
 * The HTTP server that the gateway is built on, with its router and its reader of bodies, without anything behind it:
 * what the peers of the bench answer from, so that both sides pay the same for HTTP. Answers where it listens.
 */
export function serveHttpStack(
  handlers: Readonly<Record<`${'GET' | 'POST'} /${string}`, PeerHandler>>,
): Promise<string> {
  const bodies = createBodyBudget(createSystemClock());
  const router = createRouter({ ignoreTrailingSlash: true, ignoreDuplicateSlashes: true });
  for (const [operation, handler] of Object.entries(handlers)) {
    const [method = '', path = ''] = operation.split(' ');
    router.on(method as HTTPMethod, path, () => {}, handler);
  }
  const server = createHttpServer({
    onRequest(request, response) {
      const found = router.find(request.method as HTTPMethod, request.url ?? '/');
      const serve = async (body: string) => {
        const handler = found?.store as PeerHandler | undefined;
        const text = await handler?.({ params: found?.params ?? {}, body });
        if (text === undefined) {
          response.writeHead(204).end();
          return;
        }
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(text),
        });
        response.end(text);
      };
      const room = { budget: bodies, hold: (release: () => void) => response.once('close', release) };
      if (hasBody(request)) readBody(request, { path: '/' }, room, (_error, body) => void serve(body));
      else void serve('');
    },
    onUnreadable: (_error, socket) => socket.destroy(),
  });
  return server.listen({ host: '127.0.0.1', port: 0 });
}
