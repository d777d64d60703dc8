import type { IncomingMessage, ServerResponse } from 'node:http';

/** Above what any row takes. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Ends an answer whose words are out once what is left of its request's body has come, which is thrown away: many clients
 * look for the answer only once all is sent, and see a broken pipe where their connection ends before. Of a body that is far
 * too long it does end.
 */
export function endAfterBody(request: IncomingMessage, raw: ServerResponse): void {
  const end = () => raw.end();
  if (request.readableEnded || request.destroyed) {
    end();
    return;
  }
  let left = MOST_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.once('end', end).once('close', end);
  request.resume();
}

/** A body for a route that reads it as it comes: where that fails the request is not destroyed, and its rest can be thrown away. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false });
}
