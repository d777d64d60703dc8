import { isPlaced, type Job } from '../jobs/job.ts';
import type { Transition } from '../jobs/job-machine.ts';
import {
  decideMoves,
  type Move,
  type MoveDecision,
  type MoveInput,
  type WaitingThere,
} from './decide-moves.ts';
import { createHint, type Hint } from './hints.ts';
import type { HandOver } from './job-on-its-way.ts';
import type { OutgoingInputs } from './outgoing-inputs.ts';
import { type AttemptParts, runRemoteAttempt } from './remote-attempt.ts';
import type { RemotePlace } from './remote-backend.ts';
import type { RemoteLog } from './remote-log.ts';
import type { RemoteAttempt } from './remote-store.ts';
import { isRemoteWorker } from './remote-worker.ts';
import type { SpillRouterOptions } from './spill-options.ts';

/**
 * The attempts of one endpoint that are at RunPod, from their submit to their end: their leases and heartbeats, since
 * their hands are elsewhere, and which of those that only wait there are taken out of the queue. Where jobs go is not
 * decided here.
 */
interface Held {
  readonly attempt: RemoteAttempt;
  readonly job: Job;
  readonly place: RemotePlace;
  /** Aborts with its lease. */
  readonly lease: AbortController;
  /** A reason to ask for its state now. */
  readonly hint: Hint;
  /** Since when it waits in the queue there; absent before it is there, and once it has begun. */
  waitsSince?: number | undefined;
  /** It is being taken out of that queue. */
  move?: Move | undefined;
  /** When it was last told that it may be moved. */
  toldAt: number;
}

type Given = Pick<
  SpillRouterOptions,
  'queue' | 'store' | 'clock' | 'random' | 'leaseMs' | 'costs' | 'hooks' | 'log' | 'forgetStops'
>;

export interface AttemptsThereOptions extends Given {
  /** The endpoint's remote backends, in order. */
  readonly places: readonly RemotePlace[];
  readonly outgoing: OutgoingInputs;
  readonly remoteLog: RemoteLog;
  readonly stopping: AbortSignal;
  /** What is known here about capacity, now. */
  readonly view: () => Pick<MoveInput, 'local' | 'waitingHere' | 'places'> & {
    readonly mayGoOn: (job: Job) => boolean;
  };
  /** There is something to be done there, or to be removed here. */
  readonly sweepNow: () => void;
  /** One is over. */
  readonly onEnd: () => void;
}

/** One that could not be taken out is not tried again before. */
const TELL_AGAIN_MS = 2_000;

export class AttemptsThere {
  readonly #options: AttemptsThereOptions;
  readonly #held = new Map<string, Held>();
  #onward: HandOver[] = [];

  constructor(options: AttemptsThereOptions) {
    this.#options = options;
  }

  run(place: RemotePlace, attempt: RemoteAttempt, job: Job): void {
    const { workerId, submittedAt } = attempt;
    const { store, clock, log, stopping } = this.#options;
    const held: Held = {
      ...{ attempt, job, place, lease: new AbortController(), hint: createHint() },
      toldAt: Number.NEGATIVE_INFINITY,
      waitsSince: isPlaced(job) ? submittedAt : undefined,
    };
    this.#held.set(workerId, held);
    const isTrial = place.isOnTrial();
    if (isTrial) place.note({ type: 'trial' });
    const signals = { lost: held.lease.signal, stopping, hint: held.hint };
    const run = runRemoteAttempt(this.#partsFor(held), attempt, job, signals)
      .catch((error: unknown) => {
        if (stopping.aborted) return;
        log.warn({ jobId: job.id, err: error }, 'an attempt at RunPod could not be followed');
        // Its lease ends by itself, and what it has there is swept.
        return store.end(workerId, 'cancel', clock.now()).catch(() => undefined);
      })
      .then(() => {
        // One that never called has told nothing.
        if (isTrial) place.note({ type: 'trial-void' });
        this.#noteOver(held);
      });
    place.running.set(workerId, run);
  }

  note({ before, after }: Transition): void {
    const holder = before.lease?.workerId;
    if (holder === undefined || !isRemoteWorker(holder)) return;
    const held = this.#held.get(holder);
    if (after.lease?.workerId !== holder) {
      this.#options.forgetStops(holder);
      held?.lease.abort();
    } else if (held && isPlaced(before) && !isPlaced(after)) {
      held.waitsSince = undefined;
      // Its queue moves.
      held.place.passedOverAt = undefined;
    }
  }

  /** An attempt that the last gateway left. */
  async resume(attempt: RemoteAttempt): Promise<void> {
    const { queue, store, clock } = this.#options;
    const { workerId, jobId, remoteId, state } = attempt;
    const job = await queue.get(jobId);
    const isHeld = job?.lease?.workerId === workerId;
    // It was being taken out of the queue there; the sweep cancels it.
    if (state === 'cancel') {
      const reason = 'the gateway was restarted while it took the job out of the queue at RunPod';
      return void (isHeld && (await queue.handBackJob(workerId, jobId, reason)));
    }
    if (!job || !isHeld) {
      await store.end(workerId, remoteId === undefined ? 'unseen' : 'cancel', clock.now());
      return;
    }
    const place = this.placeOf(attempt.remoteEndpoint);
    if (remoteId !== undefined && place) {
      this.#options.costs.keep(workerId, job);
      return this.run(place, attempt, job);
    }
    await store.end(workerId, remoteId === undefined ? 'unseen' : 'cancel', clock.now());
    const reason = place
      ? 'the gateway was restarted before RunPod had answered the submit'
      : `${attempt.remoteEndpoint} is no backend of the endpoint any more`;
    await queue.handBackJob(workerId, jobId, reason);
  }

  /** RunPod says that a job has ended there: a reason to ask; one that counts for nothing is cancelled. */
  async noteHook(attempt: RemoteAttempt, remoteId: string | undefined): Promise<void> {
    const { store, clock, remoteLog, sweepNow } = this.#options;
    const { workerId, state } = attempt;
    const hint = this.#held.get(workerId)?.hint;
    if (remoteId === undefined || remoteId === attempt.remoteId) return hint?.give();
    // Its submit may be under way, and its answer names it.
    if (hint && attempt.remoteId === undefined && state === 'open') return hint.give();
    remoteLog.add(workerId, `job ${attempt.jobId}: ${remoteId} there counts for nothing, and is cancelled`);
    if (hint) return void (await this.placeOf(attempt.remoteEndpoint)?.client.cancel(remoteId));
    await store.end(workerId, 'cancel', clock.now(), remoteId);
    sweepNow();
  }

  placeOf(remoteEndpoint: string): RemotePlace | undefined {
    return this.#options.places.find(({ settings }) => settings.endpointId === remoteEndpoint);
  }

  /** Where the job goes that is being taken out of a queue there. */
  moveOf(jobId: string): Move | undefined {
    for (const { job, move } of this.#held.values()) if (job.id === jobId && move) return move;
    return undefined;
  }

  /** Jobs that were taken out of a queue there for another, once each. */
  takeOnward(): readonly HandOver[] {
    const onward = this.#onward;
    this.#onward = [];
    return onward;
  }

  /** Those in queues there that stay, as far as is known. */
  waiting(mayGoOn: (job: Job) => boolean = () => true): readonly WaitingThere[] {
    return [...this.#held.values()].flatMap(({ attempt, job, place, waitsSince, move }) => {
      if (waitsSince === undefined || move) return [];
      const at = this.#options.places.indexOf(place);
      const { workerId } = attempt;
      return [{ workerId, at, since: waitsSince, priority: job.priority, mayGoOn: mayGoOn(job) }];
    });
  }

  /** Has those asked for their state that are to leave; they do once it says that they still wait. Answers when to look again. */
  moveOn(): number | undefined {
    const { moves, lookAgainAt } = this.#decide();
    const now = this.#options.clock.now();
    for (const { workerId } of moves) {
      const held = this.#held.get(workerId);
      if (!held || now - held.toldAt < TELL_AGAIN_MS) continue;
      held.toldAt = now;
      held.hint.give();
    }
    return lookAgainAt;
  }

  /** The attempts' hands are elsewhere, and here is their heartbeat. */
  async keepLeases(): Promise<void> {
    const { clock, queue, leaseMs, stopping } = this.#options;
    while (!stopping.aborted) {
      for (const workerId of this.#held.keys()) {
        const wireIds = new Set(queue.held.of(workerId).map(({ wireId }) => wireId));
        await queue.heartbeat(workerId, wireIds).catch(() => undefined);
      }
      await clock.sleep(leaseMs / 4, stopping);
    }
  }

  #noteOver({ attempt, job, place, move }: Held): void {
    const { costs, outgoing, sweepNow, onEnd } = this.#options;
    const { workerId } = attempt;
    this.#held.delete(workerId);
    place.running.delete(workerId);
    costs.release(workerId);
    if (move && move.to !== 'here') {
      const reason = { code: 'MOVED_ON', message: move.reason } as const;
      this.#onward.push({ jobId: job.id, keyId: job.keyId, reason, move });
    }
    if (outgoing.movesOut) sweepNow();
    onEnd();
  }

  #decide(): MoveDecision {
    if (this.#held.size === 0) return { moves: [] };
    const { mayGoOn, ...view } = this.#options.view();
    const underWay = [...this.#held.values()].flatMap(({ move }) => (move ? [move.to] : []));
    const waiting = this.waiting(mayGoOn);
    return decideMoves({ ...view, waiting, underWay, now: this.#options.clock.now() });
  }

  /** Why it leaves the queue there now; from then on its place elsewhere is taken. */
  #leave(held: Held): string | undefined {
    const { places, clock } = this.#options;
    const move = this.#decide().moves.find(({ workerId }) => workerId === held.attempt.workerId);
    if (!move) return undefined;
    held.move = move;
    if (move.to === 'here') return move.reason;
    held.place.passedOverAt = clock.now();
    return `${move.reason}; it goes on to ${places[move.to]?.settings.endpointId}`;
  }

  #partsFor(held: Held): AttemptParts {
    const { queue, store, clock, random, costs, hooks, remoteLog, outgoing } = this.#options;
    const { attempt, job, place } = held;
    const { workerId } = attempt;
    return {
      ...{ queue, store, clock, random, client: place.client },
      inputFor: () => outgoing.prepare(workerId, job),
      webhook: hooks?.urlFor(workerId),
      tell: (text) => remoteLog.add(workerId, `job ${job.id} ${text}`),
      onCall: (latencyMs, problem) => place.note({ type: 'called', latencyMs, problem }),
      onReport: (report) => costs.note(workerId, report),
      onRefusal: (problem) => place.note({ type: 'health', problem }),
      onSubmitted: () => {
        held.waitsSince = clock.now();
      },
      leaveReason: () => this.#leave(held),
      onStay: () => {
        held.move = undefined;
      },
      refuseJob: (refused, problem) => this.#refuse(refused, problem),
    };
  }

  async #refuse({ id, lease, attempt }: Job, problem: string): Promise<void> {
    const { outgoing, queue, view } = this.#options;
    outgoing.refuse(id, problem);
    if (view().local.type !== 'none' || !lease) return;
    const by = { workerId: lease.workerId, wireId: lease.wireId, attempt };
    const error = `RunPod refused the job: ${problem}`;
    await queue.fail(by, { error, failureType: 'INPUT_INVALID', isRetryable: false });
  }
}
