import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import { parseReference } from '../jobs/large-values/value-reference.ts';
import type { AttemptsThere } from './attempts-there.ts';
import { choosePlace, fullPlaces, type Move } from './decide-moves.ts';
import type { RouteReason } from './decide-route.ts';
import type { HandOver } from './job-on-its-way.ts';
import type { OutgoingInputs } from './outgoing-inputs.ts';
import type { RemotePlace } from './remote-backend.ts';
import type { RemoteLog } from './remote-log.ts';
import type { RemoteAttempt } from './remote-store.ts';
import { remoteWorkerId } from './remote-worker.ts';
import type { SpillRouterOptions } from './spill-options.ts';

type Given = Pick<SpillRouterOptions, 'clock' | 'ids' | 'queue' | 'store' | 'leaseMs' | 'log' | 'costs'>;

/**
 * Hands one waiting job over: chooses the backend there, sets aside what it may cost, takes the job out of the queue here
 * and writes the intent down, before anything is submitted. Tells whether it has gone.
 */
export function createHandOver(
  parts: Given & {
    readonly endpoint: Pick<Endpoint, 'name'>;
    readonly places: readonly RemotePlace[];
    readonly outgoing: OutgoingInputs;
    readonly attempts: AttemptsThere;
    readonly remoteLog: RemoteLog;
  },
) {
  const { endpoint, places, outgoing, attempts, remoteLog } = parts;
  const { clock, ids, queue, store, leaseMs, log, costs } = parts;

  return async function handOver({ jobId, keyId, reason: why, move }: HandOver): Promise<boolean> {
    const chosen = choose(move ?? attempts.moveOf(jobId), why);
    if (!chosen || !(await outgoing.mayGo(jobId))) return false;
    const { place, reason } = chosen;
    const { endpointId } = place.settings;
    const workerId = remoteWorkerId(endpointId, ids.short(10));
    if (!costs.reserve(workerId, { endpoint: endpoint.name, keyId })) return false;
    let hasGone = false;
    try {
      // A worker here may have been faster.
      const placed = await queue.place(jobId, workerId, leaseMs);
      if (!placed) return false;
      const attempt: RemoteAttempt = {
        ...{ workerId, jobId, reason, state: 'open' },
        ...{ endpoint: endpoint.name, remoteEndpoint: endpointId },
        ...{ number: placed.after.attempt, routedAt: clock.now() },
      };
      const job = await begin(attempt);
      if (!job) return false;
      log.info({ jobId, endpoint: endpoint.name, reason: reason.message }, 'a job goes to RunPod');
      remoteLog.add(workerId, `job ${jobId} goes to ${endpointId}: ${reason.message}`);
      attempts.run(place, attempt, job);
      hasGone = true;
      return true;
    } finally {
      if (!hasGone) costs.release(workerId);
    }
  };

  /** The job, whose input can be read. Where that can't be read now, it waits here again. */
  async function begin(attempt: RemoteAttempt): Promise<Job | undefined> {
    const { workerId, jobId } = attempt;
    try {
      await store.open(attempt);
    } catch (error) {
      await queue.handBackJob(workerId, jobId, 'its way to RunPod could not be written down');
      throw error;
    }
    // What took it out of the queue has no input.
    const job = await queue.get(jobId);
    if (job?.lease?.workerId === workerId) {
      try {
        const value = parseReference(job.input);
        if (value) await queue.checkValue(value);
        return job;
      } catch (error) {
        log.warn({ jobId, err: error }, 'the input of a job could not be read; it does not go to RunPod now');
      }
    }
    await store.end(workerId, 'over', clock.now());
    await queue.handBackJob(workerId, jobId, 'its input could not be read from the storage');
    return undefined;
  }

  /** The backend that gets the job, and why: the one that it was to go on to, else the first that takes jobs. */
  function choose(move: Move | undefined, reason: RouteReason) {
    const planned = move && move.to !== 'here' ? places[move.to] : undefined;
    if (move && planned && planned.room() > 0)
      return { place: planned, reason: { code: 'MOVED_ON', message: move.reason } } as const;
    const views = places.map((one) => one.view());
    const isFull = fullPlaces({ places: views, waiting: attempts.waiting(), now: clock.now() });
    const at = choosePlace(views, isFull);
    const place = at === undefined ? undefined : places[at];
    if (!place) return undefined;
    // Why it goes past those before.
    const passed = views.slice(0, at).map(({ name, room, problem }) => {
      const full = room > 0 ? 'jobs wait too long in its queue' : 'it is full';
      return `${name} takes none: ${problem ?? full}`;
    });
    return { place, reason: { ...reason, message: [reason.message, ...passed].join('; ') } };
  }
}
