import type { Dispatcher } from './dispatcher.ts';

/** Who may hold an endpoint's jobs back from workers here: somebody who paused it, a budget, the breaker of its workers. */
export type Holder = 'pause' | 'budget' | 'breaker';

export type DeliveryHolds = ReturnType<typeof createDeliveryHolds>;

/** Jobs are delivered while nobody holds them: several may, and none undoes another's hold. */
export function createDeliveryHolds(dispatcher: Pick<Dispatcher, 'pause' | 'resume'>) {
  const holders = new Map<string, Set<Holder>>();
  return {
    by: (holder: Holder): Pick<Dispatcher, 'pause' | 'resume'> => ({
      pause(endpoint) {
        const known = holders.get(endpoint) ?? new Set();
        holders.set(endpoint, known.add(holder));
        dispatcher.pause(endpoint);
      },
      resume(endpoint) {
        const known = holders.get(endpoint);
        if (!known?.delete(holder) || known.size > 0) return;
        holders.delete(endpoint);
        dispatcher.resume(endpoint);
      },
    }),
  };
}
