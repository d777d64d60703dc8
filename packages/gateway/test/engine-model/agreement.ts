import { expect } from 'vitest';
import type { Job } from '../../src/jobs/job.ts';
import type { EngineRig, Held } from './engine-rig.ts';
import { LIMITS } from './limits.ts';
import type { EngineModel, ModelJob } from './model.ts';

/** Model and engine side by side, and who waits for an answer. */
export interface Pair {
  readonly model: EngineModel;
  readonly rig: EngineRig;
  readonly polls: Map<string, Held<readonly Job[]>>;
  readonly waits: Set<{
    readonly jobId: string;
    readonly endsAt: number;
    readonly held: Held<Job | undefined>;
  }>;
}

/**
 * Lets the engine come to rest, follows to whom it gave jobs, and compares all that can be seen. `mayComeBack`: jobs
 * that may be handed back now, without a fault of anybody.
 */
export async function agree(pair: Pair, mayComeBack: MayComeBack = () => false): Promise<void> {
  await follow(pair, mayComeBack);
  checkPolls(pair);
  checkWaits(pair);
  await checkJobs(pair);
  const { inQueue, ready, inProgress, completed, failed, retried } = pair.rig.engine.queue.counts('echo');
  const all = pair.model.all();
  expect({ inQueue, ready, inProgress, completed, failed, retried }).toEqual({
    inQueue: all.filter(({ status }) => status === 'IN_QUEUE').length,
    ready: pair.model.ready().length,
    inProgress: all.filter(({ status }) => status === 'IN_PROGRESS').length,
    ...pair.model.totals,
  });
}

type MayComeBack = (job: ModelJob) => boolean;

async function follow({ model, rig }: Pair, mayComeBack: MayComeBack): Promise<void> {
  await rig.clock.settle();
  for (let changes = rig.changes(); changes.length > 0; changes = rig.changes()) {
    for (const { transition } of changes) {
      if (!transition) continue;
      const { before, after } = transition;
      if (before.status === 'IN_QUEUE' && after.lease) {
        const { workerId, wireId } = after.lease;
        expect(model.lease(after.id, workerId, wireId)).toBeUndefined();
      }
      const job = model.jobs.get(after.id);
      // Only what the model still sees in the worker's hands: the rest it foresaw.
      if (after.status === 'IN_QUEUE' && job?.lease && mayComeBack(job)) model.requeue(job);
    }
    await rig.clock.settle();
  }
}

/** A poll is answered with the jobs it got, or empty when its time is over; nobody waits while a job is there for it. */
function checkPolls({ model, polls }: Pair): void {
  for (const [worker, taker] of model.takers) {
    const answer = polls.get(worker)?.answer;
    // Nobody reads the answer of a client that is gone; only what became of its jobs counts.
    if (taker.isGone)
      expect(taker.got.filter((id) => model.jobs.get(id)?.lease?.worker === worker)).toEqual([]);
    else if (taker.got.length > 0) expect(answer?.map((job) => job.id)).toEqual(taker.got);
    else if (taker.endsAt <= model.now) expect(answer).toEqual([]);
    else {
      expect(answer, `the poll of ${worker}`).toBeUndefined();
      const forgotten = model.ready().find((job) => !model.isPaused && model.mayTake(worker, job));
      expect(forgotten, `${worker} waits, and so does a job`).toBeUndefined();
      continue;
    }
    model.takers.delete(worker);
    polls.delete(worker);
  }
}

/** Who waits for a job's end hears of it at once, and of a job that goes on when the time is over. */
function checkWaits({ model, waits }: Pair): void {
  for (const wait of waits) {
    const job = model.jobs.get(wait.jobId);
    const isOver = job === undefined || job.finishedAt !== undefined || wait.endsAt <= model.now;
    expect('answer' in wait.held, `the wait for ${wait.jobId}`).toBe(isOver);
    if (!isOver) continue;
    // In the moment in which its time is over the job may end before or after the answer.
    if (wait.endsAt > model.now) expect(wait.held.answer?.status).toBe(job?.status);
    waits.delete(wait);
  }
}

async function checkJobs({ model, rig }: Pair): Promise<void> {
  for (const job of model.all()) {
    const real = await rig.engine.queue.get(job.id);
    const endedAt = job.finishedAt ?? model.now;
    if (real === undefined) {
      expect(endedAt, `${job.id} is gone`).toBeLessThan(model.now - LIMITS.retentionMs);
      model.forget(job.id);
      continue;
    }
    expect(model.now - endedAt, `${job.id} is still there`).toBeLessThanOrEqual(
      LIMITS.retentionMs + LIMITS.retentionEveryMs + LIMITS.stepMs,
    );
    expect(shownByEngine(real, job)).toEqual(shownByModel(job));
    expect(await rig.engine.queue.readChunks(job.id, 0)).toEqual(job.chunks);
  }
}

function shownByModel(job: ModelJob) {
  const { id, status, attempt, isSuspect, queuedAt, expiresAt, finishedAt, output, progress, error } = job;
  return {
    ...{ id, status, attempt, isSuspect, queuedAt, expiresAt, finishedAt, output, progress, error },
    lease: job.lease,
    lost: status === 'FAILED' ? undefined : job.lost,
    failed: job.failed,
    availableAt: status === 'IN_QUEUE' ? job.availableAt : undefined,
  };
}

function shownByEngine(real: Job, model: ModelJob) {
  const { id, status, attempt, isSuspect, queuedAt, expiresAt, finishedAt, output, progress } = real;
  const { workerId, wireId, expiresAt: leaseEndsAt = 0, deadlineAt = 0, misses = 0 } = real.lease ?? {};
  return {
    ...{ id, status, attempt, isSuspect, queuedAt, expiresAt, finishedAt, output, progress },
    // The model knows how a sentence begins, not how it goes on.
    error: model.error !== undefined && real.error?.startsWith(model.error) ? model.error : real.error,
    lease: real.lease && { worker: workerId, wireId, expiresAt: leaseEndsAt, deadlineAt, misses },
    lost: status === 'FAILED' ? undefined : real.lostCount,
    failed: real.handlerErrorCount,
    availableAt: status === 'IN_QUEUE' ? real.availableAt : undefined,
  };
}
