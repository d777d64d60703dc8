import type { Clock } from '@spillway/sdk/clock';
import { isGoneThere } from './remote-attempt.ts';
import type { RemotePlace } from './remote-backend.ts';
import type { RemoteStore } from './remote-store.ts';

const KEPT_MS = 7 * 86_400_000;

/** Cancels there what counts no more and could not be cancelled at once, and forgets what ended long ago. */
export async function sweepRemote(
  store: RemoteStore,
  clock: Pick<Clock, 'now'>,
  endpoint: string,
  placeOf: (remoteEndpoint: string) => RemotePlace | undefined,
): Promise<void> {
  for (const one of store.left()) {
    if (one.state !== 'cancel' || one.endpoint !== endpoint) continue;
    const place = placeOf(one.remoteEndpoint);
    if (place?.running.has(one.workerId)) continue;
    const isGone =
      one.remoteId === undefined || (place && isGoneThere(await place.client.cancel(one.remoteId)));
    // What it holds ends there by the time to live that it was submitted with.
    if (isGone || clock.now() - one.routedAt > KEPT_MS) await store.end(one.workerId, 'over', clock.now());
  }
  await store.dropEndedBefore(clock.now() - KEPT_MS);
}
