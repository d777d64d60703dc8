import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { LoadBalancer } from '../load-balancing/load-balancer.ts';
import type { SchedulerOptions } from './scheduler.ts';

/** How much an endpoint has to do: jobs, or requests where its workers serve HTTP themselves. */
export function createDemandReader({
  queue,
  endpoints,
  loadBalancer,
  isHeld = endpoints.isPaused,
  isUnpaid = () => false,
  wantsTrial = () => false,
}: {
  readonly queue: Pick<JobQueue, 'counts' | 'oldestQueuedAt'>;
  readonly endpoints: EndpointDirectory;
  readonly loadBalancer: LoadBalancer;
  /** Paused, or its workers cost what may not be spent (default: paused). */
  readonly isHeld?: (endpoint: string) => boolean;
  /** Its workers cost what may not be spent; such an endpoint is held, too. */
  readonly isUnpaid?: (endpoint: string) => boolean;
  /** Its jobs run elsewhere, and a worker is wanted here to see whether they can be home again. */
  readonly wantsTrial?: (endpoint: string) => boolean;
}): SchedulerOptions['queue'] {
  return {
    async snapshot(endpoint) {
      if (endpoints.get(endpoint)?.loadBalancing) {
        const demand = loadBalancer.snapshot(endpoint);
        // Who comes is turned away; requests that are open go on.
        return isUnpaid(endpoint) ? { ...demand, queued: 0, isPaused: true, isUnpaid: true } : demand;
      }
      const { ready, lowPriorityReady, inProgress } = queue.counts(endpoint);
      // Its jobs need no worker, since none would get them.
      if (isHeld(endpoint))
        return {
          ...{ queued: 0, queuedLowPriority: 0, inProgress, isPaused: true },
          isUnpaid: isUnpaid(endpoint),
        };
      const oldestQueuedAt = await queue.oldestQueuedAt(endpoint);
      return {
        queued: Math.max(ready, wantsTrial(endpoint) ? 1 : 0),
        queuedLowPriority: lowPriorityReady,
        inProgress,
        ...(oldestQueuedAt === undefined ? {} : { oldestQueuedAt }),
      };
    },
  };
}
