import { FINAL_STATUSES, isFinal } from '@spillway/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from './job.ts';
import { decideTransition, type JobEvent, MISSES_ALLOWED, nextDueAt } from './job-machine.ts';
import { newTestJob } from './new-test-job.ts';

const WORKERS = ['w1', 'w2', 'w3'] as const;
const worker = fc.constantFrom(...WORKERS);
const failure = fc.constantFrom(
  { type: 'WORKER_CRASHED', message: 'exited' } as const,
  { type: 'LEASE_EXPIRED', message: 'silent' } as const,
  { type: 'OUT_OF_MEMORY', message: 'killed' } as const,
);

/** An event and the time that passes before it. `isHolder` asks for a report by whoever holds the lease. */
const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 60_000 }),
  isHolder: fc.boolean(),
  event: fc.oneof(
    worker.map((workerId): JobEvent => ({ type: 'leased', workerId, leaseMs: 40_000 })),
    worker.map((workerId): JobEvent => ({ type: 'heartbeat', workerId, wireId: 'j' })),
    worker.map((workerId): JobEvent => ({ type: 'missed', workerId })),
    worker.map((workerId): JobEvent => ({ type: 'progressed', workerId, wireId: 'j', output: '1' })),
    worker.map(
      (workerId): JobEvent => ({ type: 'completed', workerId, wireId: 'j', output: `"${workerId}"` }),
    ),
    worker.map((workerId): JobEvent => ({ type: 'errored', workerId, wireId: 'j', error: 'boom' })),
    fc
      .tuple(worker, failure, fc.boolean())
      .map(([workerId, one, wasShared]): JobEvent => ({ type: 'lost', workerId, failure: one, wasShared })),
    worker.map((workerId): JobEvent => ({ type: 'handed-back', workerId, reason: 'drained' })),
    fc.constantFrom<JobEvent>({ type: 'lease-restored' }, { type: 'cancelled' }, { type: 'tick' }),
  ),
});

const steps = fc.array(step, { maxLength: 40 });
const limits = fc.record({
  workerLost: fc.integer({ min: 0, max: 3 }),
  handlerError: fc.integer({ min: 0, max: 2 }),
});

function aimed(event: JobEvent, job: Job, isHolder: boolean): JobEvent {
  if (!isHolder || !job.lease || !('workerId' in event) || event.type === 'leased') return event;
  const { workerId, wireId } = job.lease;
  return 'wireId' in event ? { ...event, workerId, wireId } : { ...event, workerId };
}

function walk(
  start: Job,
  path: readonly { afterMs: number; isHolder: boolean; event: JobEvent }[],
  look: (seen: Seen) => void,
) {
  let job = start;
  let now = start.createdAt;
  for (const { afterMs, isHolder, event } of path) {
    now += afterMs;
    const sent = aimed(event, job, isHolder);
    const transition = decideTransition(job, sent, now);
    look({ before: job, event: sent, now, after: transition?.after ?? job, transition });
    job = transition?.after ?? job;
  }
}

interface Seen {
  before: Job;
  event: JobEvent;
  now: number;
  after: Job;
  transition: ReturnType<typeof decideTransition>;
}

describe('the life of a job', () => {
  it('never leaves a final state, whatever comes (only an explicit retry does)', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        walk(newTestJob({ limits: limit }), path, ({ before, transition }) => {
          if (isFinal(before.status)) expect(transition).toBeUndefined();
        });
      }),
    );
  });

  it('a report counts only from the worker that holds the lease', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        walk(newTestJob({ limits: limit }), path, ({ before, event, transition }) => {
          if (!('wireId' in event) || !transition) return;
          expect(before.lease?.workerId).toBe(event.workerId);
          expect(before.lease?.wireId).toBe(event.wireId);
        });
      }),
    );
  });

  it('has a lease exactly while it is IN_PROGRESS, and a deadline exactly until it ends', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        walk(newTestJob({ limits: limit }), path, ({ after }) => {
          expect(after.lease !== undefined).toBe(after.status === 'IN_PROGRESS');
          expect(nextDueAt(after) === undefined).toBe(isFinal(after.status));
          expect(after.finishedAt !== undefined).toBe(isFinal(after.status));
        });
      }),
    );
  });

  it('numbers its attempts upwards and never sends two out under the same worker and wire id', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        const sent = new Set<string>();
        walk(newTestJob({ limits: limit }), path, ({ before, after, event, transition }) => {
          if (event.type !== 'leased' || !transition || !after.lease) return;
          expect(after.attempt).toBe(before.attempt + 1);
          const name = `${after.lease.workerId} ${after.lease.wireId}`;
          expect(sent.has(name)).toBe(false);
          sent.add(name);
        });
      }),
    );
  });

  it('is lost at most as often as it may be, then FAILED with RunPod’s words', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        walk(newTestJob({ limits: limit }), path, ({ after }) => {
          expect(after.lostCount).toBeLessThanOrEqual(limit.workerLost + 1);
          if (after.status === 'FAILED' && after.lostCount > limit.workerLost) {
            expect(after.error).toMatch(new RegExp(`^job timed out after ${limit.workerLost} retries: `));
          }
        });
      }),
    );
  });

  it('is over once its time to live is over and somebody looks', () => {
    fc.assert(
      fc.property(steps, limits, (path, limit) => {
        let last = newTestJob({ limits: limit });
        walk(last, path, ({ after }) => {
          last = after;
        });
        const late = decideTransition(last, { type: 'tick' }, last.expiresAt);
        expect(FINAL_STATUSES).toContain((late?.after ?? last).status);
      }),
    );
  });
});

describe('single steps', () => {
  const leased = (job: Job, workerId: string, at = job.createdAt) => {
    const transition = decideTransition(job, { type: 'leased', workerId, leaseMs: 40_000 }, at);
    if (!transition) throw new Error('the job could not be leased');
    return transition.after;
  };

  it('a second delivery to the same worker goes out under another wire id, and the first id is dead', () => {
    const first = leased(newTestJob({}), 'w1');
    const back = decideTransition(
      first,
      { type: 'handed-back', workerId: 'w1', reason: 'x' },
      first.createdAt,
    );
    const second = leased(back?.after ?? first, 'w1');
    expect(second.lease?.wireId).toBe('j-a2');
    const late: JobEvent = { type: 'completed', workerId: 'w1', wireId: 'j', output: '1' };
    expect(decideTransition(second, late, second.createdAt)).toBeUndefined();
  });

  it('a report that names an older attempt is ignored', () => {
    const job = leased(newTestJob({}), 'w1');
    const report: JobEvent = { type: 'completed', workerId: 'w1', wireId: 'j', attempt: 2, output: '1' };
    expect(decideTransition(job, report, job.createdAt)).toBeUndefined();
  });

  it('a handed-back attempt does not count against the job', () => {
    let job = newTestJob({ limits: { workerLost: 0, handlerError: 0 } });
    for (let i = 0; i < 10; i += 1) {
      job = leased(job, 'w1');
      job =
        decideTransition(job, { type: 'handed-back', workerId: 'w1', reason: 'drained' }, job.createdAt)
          ?.after ?? job;
    }
    expect(job).toMatchObject({ status: 'IN_QUEUE', lostCount: 0, attempt: 10 });
  });

  it('heartbeats that leave the job out lose it at the third', () => {
    let job = leased(newTestJob({}), 'w1');
    for (let i = 0; i < MISSES_ALLOWED; i += 1) {
      expect(job.status).toBe('IN_PROGRESS');
      job = decideTransition(job, { type: 'missed', workerId: 'w1' }, job.createdAt)?.after ?? job;
    }
    expect(job).toMatchObject({ status: 'IN_QUEUE', lostCount: 1 });
  });

  it('the execution timeout fails the job in RunPod’s words and asks the worker to stop', () => {
    const job = leased(newTestJob({ executionTimeoutMs: 5_000 }), 'w1');
    const over = decideTransition(job, { type: 'tick' }, job.createdAt + 5_000);
    expect(over?.after).toMatchObject({ status: 'FAILED', error: 'executionTimeout exceeded' });
    expect(over?.stop).toEqual({ workerId: 'w1', wireId: 'j' });
  });

  it('a worker that died with several jobs makes them suspects and counts against none', () => {
    const job = leased(newTestJob({ limits: { workerLost: 0, handlerError: 0 } }), 'w1');
    const lost: JobEvent = {
      type: 'lost',
      workerId: 'w1',
      failure: { type: 'WORKER_CRASHED', message: 'exited with code 1' },
      wasShared: true,
    };
    expect(decideTransition(job, lost, job.createdAt)?.after).toMatchObject({
      status: 'IN_QUEUE',
      lostCount: 0,
      isSuspect: true,
    });
  });

  it('the last lines of a dead worker’s log stand in the error', () => {
    const job = leased(newTestJob({ limits: { workerLost: 0, handlerError: 0 } }), 'w1');
    const lost: JobEvent = {
      type: 'lost',
      workerId: 'w1',
      failure: { type: 'WORKER_CRASHED', message: 'worker exited with code 1', logTail: 'CUDA error' },
      wasShared: false,
    };
    const after = decideTransition(job, lost, job.createdAt)?.after;
    expect(after?.error).toContain('job timed out after 0 retries: worker exited with code 1');
    expect(after?.error).toContain('CUDA error');
  });

  it('a retry puts a failed job back under its id, without its old output', () => {
    const job = leased(newTestJob({}), 'w1');
    const failed = decideTransition(
      job,
      { type: 'errored', workerId: 'w1', wireId: 'j', error: 'x', output: '1' },
      job.createdAt,
    );
    const again = decideTransition(failed?.after ?? job, { type: 'retried' }, job.createdAt + 1)?.after;
    expect(again).toMatchObject({ id: 'j', status: 'IN_QUEUE' });
    expect(again?.output).toBeUndefined();
    expect(again?.error).toBeUndefined();
    expect(decideTransition(newTestJob({}), { type: 'retried' }, 0)).toBeUndefined();
  });
});
