import { createManualClock } from '@spillway/sdk/clock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { HeldJob } from './held-jobs.ts';
import type { EndedAttempt } from './job-machine.ts';
import { createStopRequests } from './stop-requests.ts';
import { createStrayAttempts } from './stray-attempts.ts';

const GRACE_MS = 5_000;

describe('an attempt that a worker names and does not hold', () => {
  let history: Map<string, EndedAttempt[]>;
  let holds: string[];
  let looked: string[];
  let stops: ReturnType<typeof createStopRequests>;
  let strays: ReturnType<typeof createStrayAttempts>;
  beforeEach(() => {
    history = new Map();
    holds = [];
    looked = [];
    stops = createStopRequests({ clock: createManualClock() });
    strays = createStrayAttempts({
      held: {
        of: () =>
          holds.map((wireId): HeldJob => ({ jobId: wireId, wireId, endpoint: 'echo', isSuspect: false })),
      },
      async attempts(jobId) {
        looked.push(jobId);
        return history.get(jobId) ?? [];
      },
      stops,
      graceMs: () => GRACE_MS,
    });
  });

  const ended = (jobId: string, outcome: EndedAttempt['outcome'], more: Partial<EndedAttempt> = {}) => {
    const attempt = { number: 1, workerId: 'w1', startedAt: 0, endedAt: 1, outcome, ...more };
    history.set(jobId, [...(history.get(jobId) ?? []), attempt]);
  };
  const names = (...wireIds: string[]) =>
    strays.noteHeartbeat({ workerId: 'w1', endpoint: 'echo', wireIds: new Set(wireIds) });
  /** What the worker would hear on its next job-stop. */
  const told = () => stops.poll('w1', 0, AbortSignal.abort());

  it.each(['cancelled', 'timed-out', 'lost', 'handed-back'] as const)(
    'is stopped when two heartbeats in a row named it and it has ended as %s',
    async (outcome) => {
      ended('job', outcome);
      await names('job');
      expect(await told()).toEqual([]);
      await names('job');
      expect(await told()).toEqual(['job']);
    },
  );

  it('is looked up and told once, however long it is named', async () => {
    ended('job', 'cancelled');
    for (let beat = 0; beat < 5; beat += 1) await names('job');
    expect(await told()).toEqual(['job']);
    stops.freeHands('w1');
    await names('job');
    await names('job');
    expect(await told()).toEqual([]);
    expect(looked).toEqual(['job']);
  });

  it('is not looked up when one of the two heartbeats left it out', async () => {
    ended('job', 'cancelled');
    for (const wireIds of [['job'], [], ['job'], ['another']]) await names(...wireIds);
    expect(looked).toEqual([]);
  });

  it('is left alone when the worker reported its end itself', async () => {
    ended('done', 'completed');
    ended('erred', 'failed');
    for (let beat = 0; beat < 3; beat += 1) await names('done', 'erred');
    expect(await told()).toEqual([]);
  });

  it('is left alone when the worker never had it, or the job is unknown', async () => {
    ended('job', 'cancelled', { workerId: 'w2' });
    for (let beat = 0; beat < 3; beat += 1) await names('job', 'unknown', 'job-a3');
    expect(await told()).toEqual([]);
  });

  it('is stopped while the worker runs a later attempt of the same job, which is not', async () => {
    ended('job', 'lost');
    holds = ['job-a2'];
    await names('job', 'job-a2');
    await names('job', 'job-a2');
    expect(await told()).toEqual(['job']);
  });

  it('is the one that its number says', async () => {
    ended('job', 'failed');
    ended('job', 'lost', { number: 2 });
    await names('job', 'job-a2');
    await names('job', 'job-a2');
    expect(await told()).toEqual(['job-a2']);
  });

  it('is not asked for again when a stop is on its way already', async () => {
    ended('job', 'cancelled');
    stops.add('w1', 'job', GRACE_MS);
    expect(await told()).toEqual(['job']);
    for (let beat = 0; beat < 3; beat += 1) await names('job');
    expect(await told()).toEqual([]);
    expect(looked).toEqual([]);
  });

  it('has its turn at a later heartbeat where one names very many', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `job-${i}-s1`);
    for (const id of many) ended(id, 'cancelled');
    await names(...many);
    await names(...many);
    expect(await told()).toHaveLength(32);
    await names(...many);
    expect(await told()).toHaveLength(8);
  });
});
