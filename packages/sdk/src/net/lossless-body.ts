import type { IncomingMessage } from 'node:http';

/** What is kept of a body that comes faster than it is read. */
const MOST_WAITING_BYTES = 1 << 20;

/**
 * The body of an answer, to its last byte also where the connection is cut: a stream that is destroyed throws away what it
 * has not given out, and whoever goes on with a broken download would fetch that again.
 */
export function readLosslessly(response: IncomingMessage): AsyncIterable<Uint8Array> {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let failure: { readonly error: unknown } | undefined;
  let isOver = false;
  let wake = () => {};
  response.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes >= MOST_WAITING_BYTES) response.pause();
    wake();
  });
  response.on('error', (error) => {
    failure ??= { error };
    wake();
  });
  response.on('end', () => {
    isOver = true;
    wake();
  });
  response.on('close', () => {
    if (!isOver) failure ??= { error: new Error('the connection was closed') };
    wake();
  });
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const chunk = waiting.shift();
          if (chunk) {
            waitingBytes -= chunk.length;
            yield chunk;
          } else if (failure) throw failure.error;
          else if (isOver) return;
          else {
            response.resume();
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        response.destroy();
      }
    },
  };
}
