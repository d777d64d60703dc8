import { once } from 'node:events';
import type { Call } from '../route.ts';

export type EventWriter = ReturnType<typeof createEventWriter>;

/**
 * The open answer of a streaming call. Nothing goes out before the first text, not even the status: until then the
 * call can still end in an HTTP error.
 */
export function createEventWriter({ reply, signal }: Call, headers: Readonly<Record<string, string>>) {
  let isOpen = false;

  function open(): void {
    isOpen = true;
    reply.hijack();
    reply.raw.writeHead(200, {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // Tells nginx not to collect the events.
      'x-accel-buffering': 'no',
      ...headers,
    });
  }

  return {
    isOpen: () => isOpen,
    /** Resolves when the client has taken enough of it, or is gone. */
    async write(text: string): Promise<void> {
      if (text === '' || signal.aborted) return;
      if (!isOpen) open();
      if (reply.raw.write(text)) return;
      await once(reply.raw, 'drain', { signal }).catch(() => {});
    },
    end(): void {
      if (isOpen) reply.raw.end();
    },
  };
}
