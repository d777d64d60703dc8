import type { Clock } from '@spillway/sdk/clock';
import type { Job } from '../jobs/job.ts';
import type { Reporter } from '../jobs/job-machine.ts';
import type { JobQueue } from '../jobs/queue.ts';
import { sliceJsonArray, sliceJsonObject } from '../lib/json-slices.ts';
import type { Hint } from './hints.ts';
import { type RemoteOutcome, remoteOutcome } from './remote-outcome.ts';
import type { RemoteAttempt, RemoteStore } from './remote-store.ts';
import type { RemoteAnswer, RunpodClient } from './runpod-client.ts';
import { submitBody } from './submit-body.ts';

/**
 * One attempt at RunPod from its submit to its end: a worker like any other for the queue, whose hands are elsewhere.
 * Whatever it reports counts only while its lease does; once that is over the job there is cancelled.
 */
export interface AttemptParts {
  readonly client: RunpodClient;
  readonly queue: AttemptQueue;
  readonly store: RemoteStore;
  readonly clock: Clock;
  readonly random: () => number;
  /** The input as it goes out, signed anew where its endpoint signs. */
  readonly inputFor: () => Promise<string>;
  /** How a call went; `problem` where it did not tell what was asked. */
  onCall(latencyMs: number, problem?: string): void;
  /** The backend refuses calls for a reason that lies in neither job nor network: a wrong key, no such endpoint. */
  onRefusal(problem: string): void;
  /** It is in the queue there. */
  onSubmitted(): void;
  /** Why the attempt, which only waits there, leaves; undefined where it stays. What it leaves for is kept for it. */
  leaveReason(): string | undefined;
  /** It could not leave. */
  onStay(): void;
  /** What it took there, told before the queue hears of its end. */
  onReport(report: { readonly executionMs?: number; readonly workerId?: string }): void;
  /** Where RunPod is to tell the end; without it only polls do. */
  readonly webhook?: string | undefined;
  /** What becomes of it, as a clause whose subject is the job. */
  tell(text: string): void;
  /** The job will never be taken there. */
  refuseJob(job: Job, problem: string): Promise<void>;
}

export type AttemptQueue = Pick<
  JobQueue,
  'started' | 'progress' | 'appendChunk' | 'complete' | 'fail' | 'loseJob' | 'handBackJob' | 'readChunks'
>;

export interface AttemptSignals {
  /** Aborts when the job's lease is over: cancelled, out of time. */
  readonly lost: AbortSignal;
  /** Aborts when the gateway stops: what runs there runs on. */
  readonly stopping: AbortSignal;
  /** There may be news. */
  readonly hint: Hint;
}

const FIRST_SUBMIT_PAUSE_MS = 500;
const MOST_SUBMITS = 4;
const LONGEST_RETRY_AFTER_MS = 15_000;
const FIRST_POLL_MS = 2_000;
const LONGEST_POLL_MS = 10_000;
/** Where RunPod tells the end, polls find only what it did not tell. */
const LONGEST_HOOKED_POLL_MS = 30_000;
const POLL_GROWTH = 1.5;
/** While chunks come, it is asked for more this often. */
const STREAM_POLL_MS = 500;
/** An id may be unknown for a moment after its submit. */
const UNKNOWN_ALLOWED_MS = 15_000;
/** So long it may be out of reach before its job comes home. */
const PATIENCE_MS = 60_000;
const TOLD_PROGRESS = 300;

/** Resolves when nothing is left to do for the attempt, or the gateway stops. */
export function runRemoteAttempt(
  parts: AttemptParts,
  attempt: RemoteAttempt,
  job: Job,
  signals: AttemptSignals,
): Promise<void> {
  return new AttemptRun(parts, attempt, job, signals).run();
}

class AttemptRun {
  readonly #parts: AttemptParts;
  readonly #attempt: RemoteAttempt;
  readonly #job: Job;
  readonly #signals: AttemptSignals;
  readonly #by: Reporter;
  readonly #over: AbortSignal;
  #isStarted: boolean;
  #progress: string | undefined;
  #chunks = 0;
  #isStreaming = false;
  #failingSince: number | undefined;
  #pauseMs = FIRST_POLL_MS;
  /** Why it is being cancelled there, from before the cancel until it is known what became of it. */
  #leaving: string | undefined;

  constructor(parts: AttemptParts, attempt: RemoteAttempt, job: Job, signals: AttemptSignals) {
    this.#parts = parts;
    this.#attempt = attempt;
    this.#job = job;
    this.#signals = signals;
    this.#by = { workerId: attempt.workerId, wireId: job.lease?.wireId ?? job.id, attempt: job.attempt };
    this.#over = AbortSignal.any([signals.lost, signals.stopping]);
    this.#isStarted = false;
  }

  async run(): Promise<void> {
    const remoteId = this.#attempt.remoteId ?? (await this.#submit());
    if (remoteId === undefined) return;
    // After a restart some chunks may be here already.
    if (this.#attempt.remoteId !== undefined)
      this.#chunks = (await this.#parts.queue.readChunks(this.#job.id, 0)).length;
    if (!(await this.#follow(remoteId))) return;
    if (this.#signals.lost.aborted) await this.#cancel(remoteId);
  }

  /** The job's id there; undefined where it is not there, or nobody knows. */
  async #submit(): Promise<string | undefined> {
    const { clock, random, store, inputFor, onSubmitted, onRefusal, refuseJob, webhook, tell } = this.#parts;
    const { workerId } = this.#attempt;
    const input = await inputFor().catch((error: unknown) => ({ said: String(error) }));
    if (typeof input !== 'string') return this.#goHome('over', `its input could not be sent: ${input.said}`);
    for (let tries = 1; !this.#over.aborted; tries += 1) {
      const answer = await this.#call((client) =>
        client.submit(submitBody(this.#job, input, clock.now(), webhook)),
      );
      if (answer.type === 'answered') {
        const { id } = answer.value;
        if (typeof id === 'string') {
          await store.submitted(workerId, id, clock.now());
          tell(`is ${id} there`);
          onSubmitted();
          return id;
        }
        return this.#goHome('unseen', 'RunPod answered the submit without an id');
      }
      if (answer.type === 'unsure')
        return this.#goHome('unseen', `whether RunPod took it is not known: ${answer.problem}`);
      if (answer.type === 'refused') {
        const isOfJob = ![401, 403, 404].includes(answer.status);
        if (isOfJob) await refuseJob(this.#job, answer.problem);
        else onRefusal(answer.problem);
        return this.#goHome('over', `RunPod refused it: ${answer.problem}`);
      }
      if (tries === MOST_SUBMITS) return this.#goHome('over', `RunPod took no job: ${answer.problem}`);
      const pauseMs = Math.max(
        FIRST_SUBMIT_PAUSE_MS * 2 ** (tries - 1) * (0.5 + 0.5 * random()),
        answer.retryAfterMs ?? 0,
      );
      await clock.sleep(Math.min(pauseMs, LONGEST_RETRY_AFTER_MS), this.#over);
    }
    // Nothing went out that was not refused. A stopping gateway leaves it open, and its successor hands it back.
    if (this.#signals.lost.aborted) await store.end(workerId, 'over', clock.now());
    return undefined;
  }

  /** Polls until the end; false when nothing is left to do there. */
  async #follow(remoteId: string): Promise<boolean> {
    const { clock, random, webhook, tell } = this.#parts;
    const { hint } = this.#signals;
    const longestMs = webhook === undefined ? LONGEST_POLL_MS : LONGEST_HOOKED_POLL_MS;
    while (!this.#over.aborted) {
      // Between 80 and 100 % of it, so that many attempts don't ask in step.
      const jittered = Math.round(this.#pauseMs * (0.8 + 0.2 * random()));
      const pause = this.#isStreaming ? STREAM_POLL_MS : jittered;
      await clock.sleep(pause, AbortSignal.any([this.#over, hint.signal]));
      if (this.#over.aborted) break;
      hint.take();
      this.#pauseMs = Math.min(longestMs, this.#pauseMs * POLL_GROWTH);
      const answer = await this.#call((client) => client.status(remoteId));
      if (answer.type !== 'answered' && this.#failingSince === undefined)
        tell(`can't be asked for: ${answer.problem}`);
      if (answer.type === 'answered') {
        this.#failingSince = undefined;
        if (await this.#note(remoteId, answer)) return false;
      } else if (await this.#giveUp(remoteId, answer)) return false;
    }
    return true;
  }

  /** What a status tells; true at the end. */
  async #note(remoteId: string, answer: RemoteAnswer & { type: 'answered' }): Promise<boolean> {
    const { queue, store, clock } = this.#parts;
    const { workerId } = this.#attempt;
    const { slices, value } = answer;
    if (this.#leaving !== undefined && (await this.#hasLeft(value.status))) return true;
    const outcome = remoteOutcome(slices, value);
    if (outcome) {
      if (outcome.type !== 'lost') {
        await this.#begin(value);
        await this.#relayChunks(remoteId);
      }
      this.#parts.onReport(reportOf(value));
      this.#parts.tell(endOf(outcome, value));
      if (outcome.type === 'completed') await queue.complete(this.#by, outcome.output);
      else if (outcome.type === 'failed') await queue.fail(this.#by, outcome.report);
      else await queue.loseJob(workerId, this.#job.id, outcome.failure);
      await store.end(workerId, 'over', clock.now());
      return true;
    }
    if (value.status === 'IN_QUEUE') return this.#leave(remoteId);
    await this.#begin(value);
    const progress = slices.get('output');
    if (progress !== undefined && progress !== this.#progress) {
      this.#progress = progress;
      this.#parts.tell(`is at ${progress.slice(0, TOLD_PROGRESS)}`);
      await queue.progress(this.#by, progress);
    }
    await this.#relayChunks(remoteId);
    return false;
  }

  /**
   * Out of the queue there, where there is a better place for it; true when it has left. It counts no more from before the
   * cancel on, so that a crash in between leaves no job that was cancelled by us and looks lost.
   */
  async #leave(remoteId: string): Promise<boolean> {
    const { store, clock, leaveReason } = this.#parts;
    this.#leaving = leaveReason();
    if (this.#leaving === undefined) return false;
    await store.end(this.#attempt.workerId, 'cancel', clock.now());
    const cancelled = await this.#call((client) => client.cancel(remoteId));
    if (cancelled.type === 'answered' && cancelled.value.status === 'CANCELLED')
      return this.#hasLeft('CANCELLED');
    // It may have begun or ended just now, or the answer was lost: its next status tells.
    this.#pauseMs = FIRST_POLL_MS;
    return false;
  }

  async #hasLeft(status: unknown): Promise<boolean> {
    const reason = this.#leaving ?? '';
    this.#leaving = undefined;
    if (status === 'CANCELLED') {
      await this.#goHome('over', reason);
      return true;
    }
    this.#parts.onStay();
    await this.#parts.store.reopen(this.#attempt.workerId);
    return false;
  }

  async #begin(value: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.#isStarted) return;
    const { executionMs, workerId } = reportOf(value);
    this.#isStarted = true;
    this.#parts.tell(`has begun${workerId === undefined ? '' : ` on worker ${workerId}`}`);
    await this.#parts.queue.started(this.#by, executionMs);
  }

  async #relayChunks(remoteId: string): Promise<void> {
    for (;;) {
      const answer = await this.#call((client) => client.stream(remoteId, this.#chunks));
      const list = answer.type === 'answered' ? answer.slices.get('stream') : undefined;
      const items = list?.startsWith('[') ? sliceJsonArray(list) : [];
      for (const item of items) {
        const output = item.startsWith('{') ? sliceJsonObject(item).get('output') : item;
        await this.#parts.queue.appendChunk(this.#by, output ?? 'null', this.#chunks);
        this.#chunks += 1;
      }
      if (items.length === 0 || this.#over.aborted) return;
      this.#isStreaming = true;
    }
  }

  /** A status was not to be had; true when the attempt has come home for it. */
  async #giveUp(remoteId: string, answer: Exclude<RemoteAnswer, { type: 'answered' }>): Promise<boolean> {
    const { clock, queue, store } = this.#parts;
    const { workerId, submittedAt } = this.#attempt;
    const now = clock.now();
    if (answer.type === 'refused' && answer.status === 404) {
      this.#failingSince ??= now;
      const isYoung = now - Math.max(submittedAt ?? 0, this.#failingSince) < UNKNOWN_ALLOWED_MS;
      if (isYoung) return false;
      const message = `RunPod knows it no more: ${answer.problem}`;
      await queue.loseJob(workerId, this.#job.id, { type: 'LEASE_EXPIRED', message });
      await store.end(workerId, 'over', now);
      return true;
    }
    this.#failingSince ??= now;
    if (now - this.#failingSince < PATIENCE_MS) return false;
    await this.#goHome('cancel', `RunPod was out of reach for ${PATIENCE_MS / 1000} s: ${answer.problem}`);
    await this.#cancel(remoteId);
    return true;
  }

  async #goHome(state: 'over' | 'unseen' | 'cancel', reason: string): Promise<undefined> {
    const { queue, store, clock, tell } = this.#parts;
    tell(`comes home: ${reason}`);
    // First what is to be done there, so that a crash between the two forgets nothing.
    await store.end(this.#attempt.workerId, state, clock.now());
    await queue.handBackJob(this.#attempt.workerId, this.#job.id, reason);
    return undefined;
  }

  /** The attempt counts no more; what can't be cancelled now is later, by whoever sweeps. */
  async #cancel(remoteId: string): Promise<void> {
    const { store, clock } = this.#parts;
    const { workerId } = this.#attempt;
    await store.end(workerId, 'cancel', clock.now(), remoteId);
    const isCancelled = await this.#isCancelled(remoteId);
    this.#parts.tell(isCancelled ? 'is cancelled there' : 'is to be cancelled there');
    if (isCancelled) await store.end(workerId, 'over', clock.now());
  }

  async #isCancelled(remoteId: string): Promise<boolean> {
    const answer = await this.#call((client) => client.cancel(remoteId));
    return isGoneThere(answer);
  }

  async #call(call: (client: RunpodClient) => Promise<RemoteAnswer>): Promise<RemoteAnswer> {
    const { client, clock, onCall } = this.#parts;
    const askedAt = clock.now();
    const answer = await call(client);
    const isTrouble = answer.type === 'unsure' || answer.type === 'not-now';
    onCall(clock.now() - askedAt, isTrouble ? answer.problem : undefined);
    return answer;
  }
}

/** A cancel was answered so that nothing runs there any more. */
export function isGoneThere(answer: RemoteAnswer): boolean {
  if (answer.type === 'answered') return true;
  return answer.type === 'refused' && [400, 404, 409].includes(answer.status);
}

function endOf(outcome: RemoteOutcome, { executionTime }: Readonly<Record<string, unknown>>): string {
  const time = typeof executionTime === 'number' ? ` after ${(executionTime / 1000).toFixed(1)} s` : '';
  if (outcome.type === 'completed') return `is COMPLETED${time}`;
  return outcome.type === 'failed'
    ? `is FAILED${time}: ${outcome.report.error}`
    : `is lost${time}: ${outcome.failure.message}`;
}

/** What RunPod says of an attempt that ended: how long its handler ran, and on which of its workers. */
function reportOf({ executionTime, workerId }: Readonly<Record<string, unknown>>) {
  const isTime = typeof executionTime === 'number' && executionTime >= 0 && Number.isFinite(executionTime);
  return {
    ...(isTime ? { executionMs: Math.round(executionTime) } : {}),
    ...(typeof workerId === 'string' ? { workerId } : {}),
  };
}
