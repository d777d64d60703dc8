import type { JobFailure } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';
import { createHeldJobs, type HeldJob } from './held-jobs.ts';
import type { Job, RetryLimits } from './job.ts';
import type { ErrorReport, JobEvent, Reporter, Transition } from './job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, TakeRequest, UsedSignatures } from './job-store.ts';
import { LONGEST_IN_ROW_CHARS, NoRoomError, type ValueSource } from './large-values/large-values.ts';
import { NO_ROOM, outputWithoutRoom, type WholeJobStore } from './large-values/with-large-values.ts';
import { jobIdOf } from './wire-id.ts';

/** What a caller submits, already checked. Texts are JSON as it arrived. */
export interface Submission {
  readonly endpoint: string;
  readonly input: string;
  readonly extras?: string | undefined;
  readonly webhook?: string | undefined;
  readonly isLowPriority: boolean;
  readonly priority?: number;
  readonly tags?: readonly string[];
  /** Whose key submits it; absent for the admin's. */
  readonly keyId?: string | undefined;
  /** Not delivered before so many milliseconds have passed. */
  readonly delayMs?: number;
  readonly executionTimeoutMs: number;
  readonly ttlMs: number;
  readonly limits: RetryLimits;
  /** Ids of `/runsync` begin with `sync-`, as clients know them. */
  readonly isSync: boolean;
  /** Kept with the job. */
  readonly used?: UsedSignatures;
  /** Why it is not to run: the job has FAILED when it is there. */
  readonly refusal?: { readonly error: string; readonly output: string };
}

/** Something happened to a job and is on disk: a transition, or (without one) a new job or a streamed chunk. */
export interface JobChange {
  readonly jobId: string;
  readonly endpoint: string;
  readonly transition?: Transition;
  readonly isNew?: boolean;
}

/** `submitOnce`: the job's id whether it is new or was there before. */
export type OnceResult = InsertResult & { readonly jobId: string };

const PURGE_BATCH = 500;

export type JobQueue = ReturnType<typeof createJobQueue>;

/**
 * The only writer of jobs. Every method resolves after its change is on disk, and tells the watchers only then.
 */
export function createJobQueue({ store, clock, ids }: QueueParts) {
  const watchers = new Set<(change: JobChange) => void>();
  const comingWatchers = new Set<(endpoint: string) => void>();
  const held = createHeldJobs();

  function announce({ endpoint, createdAt, availableAt }: Job): void {
    if (availableAt > createdAt) return;
    for (const watcher of comingWatchers) watcher(endpoint);
  }

  function tell(change: JobChange): void {
    if (change.transition) held.watch(change.transition);
    for (const watcher of watchers) watcher(change);
  }

  function told(transition: Transition | undefined): Transition | undefined {
    if (transition) tell({ jobId: transition.after.id, endpoint: transition.after.endpoint, transition });
    return transition;
  }

  const apply = (id: string, event: JobEvent) => store.apply(id, event, clock.now()).then(told);

  const submits = createSubmits({ store, clock, ids }, announce, tell);

  return {
    watch(watcher: (change: JobChange) => void): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    /** Calls `watcher` when a ready job is about to be written: a take that it asks for now shares the job's commit. */
    watchComing(watcher: (endpoint: string) => void): () => void {
      comingWatchers.add(watcher);
      return () => comingWatchers.delete(watcher);
    },
    held,
    get: store.get,
    ...largeValuesOf(store),
    list: store.list,
    attempts: store.attempts,
    coming: store.coming,
    counts: store.counts,
    oldestQueuedAt: store.oldestQueuedAt,
    jobsAhead: store.jobsAhead,
    waitingSince: store.waitingSince,
    drainChunks: store.drainChunks,
    readChunks: store.readChunks,
    submit: submits.submit,
    submitOnce: submits.submitOnce,
    remove: store.remove,
    /** Cancels what waits in the endpoint's queue; what runs goes on. Returns how many were cancelled. */
    purge: (endpoint: string) => purge(store, apply, endpoint),
    take: (request: TakeRequest): Promise<readonly Transition[]> =>
      store.take(request, clock.now()).then((taken) => {
        for (const transition of taken) told(transition);
        return taken;
      }),
    /** Gives one certain waiting job to a backend that has a queue of its own. */
    place: (id: string, workerId: string, leaseMs: number) =>
      apply(id, { type: 'placed', workerId, leaseMs }),
    cancel: (id: string) => apply(id, { type: 'cancelled' }),
    retry: (id: string) => apply(id, { type: 'retried' }),
    tick: (id: string) => apply(id, { type: 'tick' }),
    ...createReports(apply),
    appendChunk: createAppendChunk({ store, clock }, apply, tell),
    keepOutput: createKeepOutput(store),
    ...createWorkerSigns(held, apply),
    restore: (isGone: (workerId: string) => boolean) => restore(store, held, apply, isGone),
    due: store.due,
    nextDueAt: store.nextDueAt,
    async wakeDelayed(): Promise<void> {
      for (const endpoint of await store.wakeDelayed(clock.now())) tell({ jobId: '', endpoint, isNew: true });
    },
    removeEndedBefore: store.removeEndedBefore,
  };
}

const largeValuesOf = (store: WholeJobStore) => {
  const { openValue, checkValue, readValues, withWhole, withWholeTexts, keepValue, keepField } = store;
  return { openValue, checkValue, readValues, withWhole, withWholeTexts, keepValue, keepField };
};

/**
 * Keeps an output that was never in memory whole; `use` reports the attempt's end with what stands for it, or with the error
 * that there was no room for it.
 */
function createKeepOutput({ keepValue }: Pick<WholeJobStore, 'keepValue'>) {
  return async <T>(
    by: Reporter,
    source: ValueSource,
    use: (output: string | undefined, problem?: ErrorReport) => Promise<T>,
  ): Promise<T> => {
    try {
      return await keepValue(jobIdOf(by.wireId), 'output', source, use);
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      return use(undefined, outputWithoutRoom(error));
    }
  };
}

function createAppendChunk(
  { store, clock }: Pick<QueueParts, 'store' | 'clock'>,
  apply: Apply,
  tell: (change: JobChange) => void,
) {
  /** `number` counts an attempt's chunks from 0, where the worker knows it: a repeated one is dropped. */
  return async (by: Reporter, chunk: string | ValueSource, number?: number): Promise<void> => {
    const jobId = jobIdOf(by.wireId);
    const append = (text: string) => store.appendChunk(jobId, by, { chunk: text, number }, clock.now());
    try {
      const endpoint = await (typeof chunk === 'string'
        ? append(chunk)
        : store.keepValue(jobId, 'chunk', chunk, append));
      if (endpoint !== undefined) tell({ jobId, endpoint });
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      // Its stream would have a hole.
      const report = { error: `a chunk of its stream could not be kept: ${error.message}`, ...NO_ROOM };
      await apply(jobId, { type: 'errored', ...report, ...by });
    }
  };
}

interface QueueParts {
  readonly store: WholeJobStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

function createSubmits(
  { store, clock, ids }: QueueParts,
  announce: (job: Job) => void,
  tell: (change: JobChange) => void,
) {
  return {
    submit(submission: Submission): Promise<Job> {
      const job = newJob(submission, ids.uuid(), clock.now());
      const inserted = store.insert(job, undefined, submission.used);
      announce(job);
      return inserted.then(() => {
        tell({ jobId: job.id, endpoint: job.endpoint, isNew: true });
        if (job.finishedAt !== undefined) tellRefused(job, tell);
        return job;
      });
    },
    /** A submit that its caller may repeat: the same key with the same content gives the first one's job. */
    async submitOnce(submission: Submission, once: IdempotentSubmit): Promise<OnceResult> {
      const job = newJob(submission, ids.uuid(), clock.now());
      const inserted = store.insert(job, once, submission.used);
      announce(job);
      const result = await inserted;
      if (result.type === 'inserted') tell({ jobId: job.id, endpoint: job.endpoint, isNew: true });
      return result.type === 'inserted' ? { ...result, jobId: job.id } : result;
    },
  };
}

/** As the end of a job that was queued before, which is what those who watch know. */
function tellRefused(job: Job, tell: (change: JobChange) => void): void {
  const { finishedAt: _at, error: _error, output: _output, ...rest } = job;
  const before: Job = { ...rest, status: 'IN_QUEUE' };
  tell({ jobId: job.id, endpoint: job.endpoint, transition: { before, after: job } });
}

type Apply = (id: string, event: JobEvent) => Promise<Transition | undefined>;

/** What a worker's life says of all jobs that it holds. */
function createWorkerSigns(held: ReturnType<typeof createHeldJobs>, apply: Apply) {
  const applyToHeld = (workerId: string, event: (job: HeldJob) => JobEvent) =>
    Promise.all(held.of(workerId).map((job) => apply(job.jobId, event(job))));

  return {
    /** One heartbeat: jobs it names live on, jobs it does not name miss one. */
    heartbeat: (workerId: string, wireIds: ReadonlySet<string>) =>
      applyToHeld(workerId, (job) =>
        wireIds.has(job.wireId)
          ? { type: 'heartbeat', workerId, wireId: job.wireId }
          : { type: 'missed', workerId },
      ),
    /** The last heartbeat of a worker that stops: what it does not name never reached it, and goes to somebody else. */
    farewell: (workerId: string, wireIds: ReadonlySet<string>) =>
      applyToHeld(workerId, (job) =>
        wireIds.has(job.wireId)
          ? { type: 'heartbeat', workerId, wireId: job.wireId }
          : { type: 'handed-back', workerId, reason: 'its worker stopped before it got the job' },
      ),
    /** The worker is gone with all it ran; several jobs at once are suspects, and none is to blame yet. */
    workerLost: (workerId: string, failure: JobFailure) => {
      const wasShared = held.count(workerId) > 1;
      return applyToHeld(workerId, () => ({ type: 'lost', workerId, failure, wasShared }));
    },
    handBack: (workerId: string, reason: string) =>
      applyToHeld(workerId, () => ({ type: 'handed-back', workerId, reason })),
    loseJob: (workerId: string, jobId: string, failure: JobFailure) =>
      apply(jobId, { type: 'lost', workerId, failure, wasShared: false }),
    handBackJob: (workerId: string, jobId: string, reason: string) =>
      apply(jobId, { type: 'handed-back', workerId, reason }),
  };
}

async function purge(store: JobStore, apply: Apply, endpoint: string): Promise<number> {
  let removed = 0;
  for (;;) {
    const waiting = await store.queued(endpoint, PURGE_BATCH);
    const ended = await Promise.all(waiting.map((id) => apply(id, { type: 'purged' })));
    const count = ended.filter((transition) => transition !== undefined).length;
    removed += count;
    if (count === 0) return removed;
  }
}

/** Each is kept in memory and written to a row, as often as a worker likes: a long one is told of, not shown. */
function shownProgress(output: string): string {
  return output.length <= LONGEST_IN_ROW_CHARS ? output : longProgress(output.length);
}

/** What is shown in its place. */
export function longProgress(length: number): string {
  const sentence = `progress of ${length} characters is not shown, since it is over 256 KiB: yield or return as much`;
  return JSON.stringify(sentence);
}

/** What a worker says of an attempt. */
function createReports(apply: Apply) {
  return {
    /** `ranMs`: how long it has run by now. */
    started: (by: Reporter, ranMs = 0) => apply(jobIdOf(by.wireId), { type: 'started', ranMs, ...by }),
    progress: (by: Reporter, output: string) =>
      apply(jobIdOf(by.wireId), { type: 'progressed', output: shownProgress(output), ...by }),
    complete: (by: Reporter, output: string | undefined) =>
      apply(jobIdOf(by.wireId), {
        type: 'completed',
        workerId: by.workerId,
        wireId: by.wireId,
        attempt: by.attempt,
        output,
      }),
    fail: (by: Reporter, report: ErrorReport) =>
      apply(jobIdOf(by.wireId), { type: 'errored', ...report, ...by }),
  };
}

/**
 * After a restart: jobs of workers that ended with the last gateway go back to the queue, the others get one full fresh
 * lease, in which their workers may come back.
 */
async function restore(
  store: JobStore,
  held: ReturnType<typeof createHeldJobs>,
  apply: Apply,
  isGone: (workerId: string) => boolean,
): Promise<void> {
  for (const job of await store.running()) {
    if (!job.lease) continue;
    const { workerId } = job.lease;
    const { lease: _none, ...unheld } = job;
    held.watch({ before: unheld, after: job });
    const reason = 'the gateway was restarted';
    await apply(
      job.id,
      isGone(workerId) ? { type: 'handed-back', workerId, reason } : { type: 'lease-restored' },
    );
  }
}

function newJob(submission: Submission, uuid: string, now: number): Job {
  const { isSync, ttlMs, delayMs = 0, isLowPriority } = submission;
  // Every key named: copying what is left of a submission costs ten times as much.
  const job: Job = {
    id: `${isSync ? 'sync-' : ''}${uuid}-s1`,
    endpoint: submission.endpoint,
    status: 'IN_QUEUE',
    input: submission.input,
    extras: submission.extras,
    webhook: submission.webhook,
    isLowPriority,
    // Behind the others of its endpoint, unless its caller says otherwise.
    priority: submission.priority ?? (isLowPriority ? -1 : 0),
    tags: submission.tags ?? [],
    keyId: submission.keyId,
    executionTimeoutMs: submission.executionTimeoutMs,
    limits: submission.limits,
    createdAt: now,
    // A delay that was asked for is no waiting.
    queuedAt: now + delayMs,
    availableAt: now + delayMs,
    expiresAt: now + delayMs + ttlMs,
    attempt: 0,
    lostCount: 0,
    handlerErrorCount: 0,
    isSuspect: false,
  };
  const { refusal } = submission;
  return refusal === undefined ? job : { ...job, ...refusal, status: 'FAILED', finishedAt: now };
}
