import type { Clock } from '@spillway/sdk/clock';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import type { FleetChange } from '../fleet/fleet.ts';
import type { JobChange } from '../jobs/queue.ts';
import { describeFleetChange, describeJobChange } from './describe-change.ts';
import type { EventLog, LoggedEvent } from './event-log.ts';

/** Where events come from. */
export interface EventSources {
  readonly queue: { watch(watcher: (change: JobChange) => void): unknown };
  readonly fleet: { onChange(listener: (change: FleetChange) => void): unknown };
  readonly endpoints: Pick<EndpointDirectory, 'watch'>;
  readonly clock: Clock;
}

/** Puts everything that happens to jobs, workers and endpoints into the log. */
export function recordEvents(log: EventLog, { queue, fleet, endpoints, clock }: EventSources): void {
  const append = (event: LoggedEvent | undefined) => {
    if (event) log.append(event);
  };
  queue.watch((change) => append(describeJobChange(change, clock.now())));
  const states = new Map<string, string>();
  fleet.onChange((change) => {
    const { worker } = change;
    append(describeFleetChange(change, worker && states.get(worker.id), clock.now()));
    if (worker?.state === 'stopped') states.delete(worker.id);
    else if (worker) states.set(worker.id, worker.state);
  });
  endpoints.watch(({ endpoint, type }) =>
    log.append({ type: `endpoint.${type}`, at: clock.now(), endpoint }),
  );
}
