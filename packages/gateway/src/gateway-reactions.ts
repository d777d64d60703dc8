import type { EndpointDirectory } from './endpoints/endpoint-directory.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { Dispatcher } from './jobs/dispatcher.ts';
import type { JobEngine } from './jobs/engine.ts';
import type { Transition } from './jobs/job-machine.ts';
import type { WebhookDelivery } from './results/deliver-webhooks.ts';
import type { Scheduler } from './scheduler/scheduler.ts';

/** What one part of the gateway sets in motion in others that it does not know. */
interface Reacting {
  readonly engine: JobEngine;
  readonly fleet: Fleet;
  readonly scheduler: Scheduler;
  readonly webhooks: WebhookDelivery;
}

/** What a live change of an endpoint sets in motion, and what was changed before this start. */
export function actOnChanges(
  endpoints: EndpointDirectory,
  delivery: Pick<Dispatcher, 'pause' | 'resume'>,
  scheduler: Scheduler,
): void {
  for (const name of endpoints.names()) if (endpoints.isPaused(name)) delivery.pause(name);
  endpoints.watch(({ endpoint, type }) => {
    if (type === 'paused') delivery.pause(endpoint);
    if (type === 'resumed') delivery.resume(endpoint);
    scheduler.poke();
  });
}

/** What a change of a job sets in motion. */
export function pokeOnJobs(parts: Reacting): void {
  const { engine, fleet, scheduler, webhooks } = parts;
  noteBusyWorkers(engine, fleet);
  engine.queue.watch(({ transition, isNew }) => {
    endSilent(transition, { engine, fleet });
    if (isNew || transition?.before.status !== transition?.after.status) scheduler.poke();
    if (transition?.after.webhook !== undefined && transition.after.finishedAt !== undefined) webhooks.poke();
  });
}

/**
 * Tells the fleet how busy each worker is. One that has not stopped a cancelled job yet is not idle: it would be ended
 * for that before its grace time is over.
 */
export function noteBusyWorkers(
  { queue, stops }: Pick<JobEngine, 'queue' | 'stops'>,
  fleet: Pick<Fleet, 'noteJobs'>,
): void {
  const note = (worker: string) => fleet.noteJobs(worker, queue.held.count(worker) + stops.count(worker));
  stops.watch(note);
  queue.watch(({ transition }) => {
    const worker = transition?.after.lease?.workerId ?? transition?.before.lease?.workerId;
    if (worker !== undefined) note(worker);
  });
}

/** A worker of ours that was silent for a whole lease hangs: it would keep its place, and never ask for a job again. */
function endSilent(
  transition: Transition | undefined,
  { engine, fleet }: Pick<Reacting, 'engine' | 'fleet'>,
): void {
  const { endedAttempt, before } = transition ?? {};
  if (endedAttempt?.outcome !== 'lost' || endedAttempt.failure?.type !== 'LEASE_EXPIRED') return;
  if ((before?.lease?.expiresAt ?? Number.POSITIVE_INFINITY) > endedAttempt.endedAt) return;
  const { workerId } = endedAttempt;
  if (engine.queue.held.count(workerId) === 0)
    void fleet.killWorker(workerId, 'it gave no sign of life, and lost its job for it');
}
