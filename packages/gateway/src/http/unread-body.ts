import type { IncomingMessage } from 'node:http';
import type { Clock } from '@spillway/sdk/clock';

/** Long enough for its sender to hear the answer, and short beside a body of gigabytes. */
const READ_ON_MS = 10_000;

/**
 * What is left of a body behind the answer that refuses it. Whoever still sends when the connection ends hears of that and
 * not of the answer, and takes the gateway for one that is away; so the rest is read on for a while, and let go. Node ends
 * the connection of a client that wants no other answer with the end of this one: then is when the body is over.
 */
export function readOn(request: IncomingMessage, clock: Pick<Clock, 'timer'>, end: () => void): void {
  const stop = clock.timer(READ_ON_MS, () => request.socket.destroy());
  let isOver = false;
  const over = () => {
    if (isOver) return;
    isOver = true;
    stop();
    end();
  };
  request.once('end', over).once('close', over).resume();
}

/** Whether some of a body may still come. A request that came by no socket tells nothing of it. */
export const isUnread = (request: IncomingMessage): boolean =>
  request.complete === false && !request.destroyed;

/** A body for a route that reads it as it comes: where that fails the request is not destroyed, and can be read on. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false });
}
