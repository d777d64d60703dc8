import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Route } from './route.ts';

/**
 * Bodies as text, whatever their content type says: workers send JSON as a form. Fastify's own collector reads any
 * stream that a hook may put in the request's place; here only the request itself is read, which most often is one
 * chunk, and its limit is that of its row.
 */
export const SMALL_BODY_BYTES = 1024 * 1024;

type Done = (error: Error | null, body?: string) => void;
/** What is read of a request. */
type Payload = NodeJS.EventEmitter & { resume(): unknown };

export function limitOf(route: Route | null): number {
  return route?.bodyLimitBytes ?? SMALL_BODY_BYTES;
}

/** `routeOf`: the row that a request is for; null where none fits. */
export function addBodyReader(
  app: FastifyInstance,
  routeOf: (request: FastifyRequest) => Route | null,
): void {
  app.removeAllContentTypeParsers();
  // Those that clients and workers send by name, too: what only `*` fits is looked up anew for each request.
  for (const type of ['application/json', 'application/x-www-form-urlencoded', '*'])
    app.addContentTypeParser(type, (request: FastifyRequest, payload: Payload, done: Done) => {
      const length = Number(request.raw.headers['content-length']);
      readBody(payload, { limitBytes: limitOf(routeOf(request)), length }, done);
    });
}

/** `length`: as the header says; NaN where it says nothing. */
function readBody(
  payload: Payload,
  { limitBytes, length }: { readonly limitBytes: number; readonly length: number },
  done: Done,
): void {
  if (length > limitBytes) {
    done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let received = 0;
  let isOver = false;

  // The listeners stay, since they go with the request, of which nothing more comes in nearly every case.
  function end(error: Error | null, body?: string): void {
    if (isOver) return;
    isOver = true;
    first = undefined;
    more = undefined;
    done(error, body);
  }
  function onData(chunk: Buffer): void {
    if (isOver) return;
    received += chunk.length;
    if (received > limitBytes) end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    else if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  }
  function onEnd(): void {
    if (!Number.isNaN(length) && received !== length) {
      end(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
      return;
    }
    // Decoded at once, since a character may lie on the border of two chunks.
    const whole = more === undefined ? first : Buffer.concat(more, received);
    end(null, whole === undefined ? '' : whole.toString());
  }
  /** The client left, or what it sent was no HTTP. */
  function onError(error: Error): void {
    end(Object.assign(error, { statusCode: 400 }));
  }
  payload.on('data', onData);
  payload.on('end', onEnd);
  payload.on('error', onError);
  payload.resume();
}
