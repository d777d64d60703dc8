import { describe, expect, test } from 'vitest';
import type { WorkerSnapshot } from '../fleet/fleet.ts';
import { newTestJob } from '../jobs/new-test-job.ts';
import { describeFleetChange, describeJobChange } from './describe-change.ts';

const change = (transition: Parameters<typeof describeJobChange>[0]['transition']) =>
  describeJobChange({ jobId: 'j', endpoint: 'echo', ...(transition ? { transition } : {}) }, 5);
const queued = newTestJob({});
const running = newTestJob({ status: 'IN_PROGRESS', attempt: 1, workerId: 'w1' });

describe('a change of a job', () => {
  test('names the state it came to', () => {
    expect(change({ before: queued, after: running })).toEqual({
      ...{ type: 'job.started', at: 5, endpoint: 'echo', jobId: 'j' },
      ...{ status: 'IN_PROGRESS', attempt: 1, workerId: 'w1' },
    });
    const ends = { COMPLETED: 'completed', CANCELLED: 'cancelled', TIMED_OUT: 'timed_out' } as const;
    for (const [status, name] of Object.entries(ends)) {
      const after = { ...running, status: status as keyof typeof ends };
      expect(change({ before: running, after })?.type).toBe(`job.${name}`);
    }
  });

  test('that failed has the beginning of its error, one that is delivered again the reason', () => {
    const failed = change({
      before: running,
      after: { ...running, status: 'FAILED', error: 'x'.repeat(9_000) },
    });
    expect(failed).toMatchObject({ type: 'job.failed', error: 'x'.repeat(500) });
    const endedAttempt = {
      ...{ number: 1, workerId: 'w1', startedAt: 0, endedAt: 1, outcome: 'lost' as const },
      failure: { type: 'WORKER_CRASHED' as const, message: 'killed' },
    };
    const again = change({ before: running, after: { ...queued, attempt: 1 }, endedAttempt });
    expect(again).toMatchObject({ type: 'job.retried', reason: 'killed', attempt: 1 });
  });

  test('is progress only when that is new, and a heartbeat is nothing', () => {
    expect(change({ before: running, after: running })).toBeUndefined();
    const half = { ...running, progress: '0.50' };
    expect(change({ before: running, after: half })).toMatchObject({
      type: 'job.progress',
      progress: '0.50',
    });
    expect(change({ before: half, after: half })).toBeUndefined();
    const large = change({ before: running, after: { ...running, progress: `"${'x'.repeat(2_000)}"` } });
    expect(large?.type).toBe('job.progress');
    expect(large).not.toHaveProperty('progress');
  });

  test('without a transition is a new job or a chunk; the end of a delay is no event of a job', () => {
    expect(describeJobChange({ jobId: 'j', endpoint: 'echo', isNew: true }, 5)?.type).toBe('job.queued');
    expect(describeJobChange({ jobId: 'j', endpoint: 'echo' }, 5)?.type).toBe('job.chunk');
    expect(describeJobChange({ jobId: '', endpoint: 'echo', isNew: true }, 5)).toBeUndefined();
  });
});

test('a worker’s event is its new state; the same state again is none', () => {
  const worker: WorkerSnapshot = {
    ...{ id: 'w1', endpoint: 'echo', backend: 'process', startedAt: 1, jobs: 0 },
    ...{ state: 'stopping', stopReason: 'it was idle for 5 s' },
  };
  expect(describeFleetChange({ endpoint: 'echo', worker }, 'idle', 5)).toEqual({
    ...{ type: 'worker.stopping', at: 5, endpoint: 'echo', workerId: 'w1' },
    reason: 'it was idle for 5 s',
  });
  expect(describeFleetChange({ endpoint: 'echo', worker }, 'stopping', 5)).toBeUndefined();
  expect(describeFleetChange({ endpoint: 'echo' }, undefined, 5)?.type).toBe('endpoint.starts_resumed');
});
