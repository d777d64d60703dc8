import { beforeEach, expect, test } from 'vitest';
import type { EndedAttempt } from '../jobs/job-machine.ts';
import { newTestJob } from '../jobs/new-test-job.ts';
import { createLocalGuard, LOCAL_RULES } from './local-guard.ts';

let now: number;
let guard: ReturnType<typeof createLocalGuard>;
beforeEach(() => {
  now = 1_000;
  guard = createLocalGuard(() => now);
});

const job = (id: string) => newTestJob({ id });

function take(id: string, workerId = 'here'): void {
  const lease = { ...{ workerId, wireId: id, leaseMs: 1, expiresAt: 1, deadlineAt: 1, misses: 0 } };
  guard.note({ before: job(id), after: { ...job(id), lease } });
}

function end(id: string, outcome: EndedAttempt['outcome'], more: Partial<EndedAttempt> = {}): void {
  const endedAttempt = { number: 1, workerId: 'here', startedAt: now, endedAt: now, outcome, ...more };
  guard.note({ before: job(id), after: job(id), endedAttempt });
}

const lost = (id: string) =>
  end(id, 'lost', { failure: { type: 'WORKER_CRASHED', message: 'exit code 4\nlast lines' } });

test('workers that lose two jobs get no more, and it says why in one line', () => {
  lost('a');
  expect(guard.problem()).toBeUndefined();
  lost('b');
  expect(guard.problem()).toBe('workers here are lost with their jobs (exit code 4)');
});

test('jobs that run out of time count as those that are lost', () => {
  const failure = { type: 'EXECUTION_TIMEOUT' as const, message: 'executionTimeout exceeded' };
  end('a', 'timed-out', { failure });
  end('b', 'timed-out', { failure });
  expect(guard.problem()).toMatch('executionTimeout');
});

test('one job that kills every worker is its own fault', () => {
  lost('a');
  lost('a');
  expect(guard.problem()).toBeUndefined();
});

test.each(['completed', 'failed'] as const)(
  'workers whose jobs are %s as often are no problem',
  (outcome) => {
    for (const id of ['a', 'b', 'c', 'd']) {
      end(`${id}1`, outcome);
      end(`${id}2`, outcome);
      lost(id);
    }
    expect(guard.problem()).toBeUndefined();
  },
);

test('what becomes of jobs elsewhere, or of jobs that their callers cancel, says nothing of workers here', () => {
  for (const id of ['a', 'b', 'c']) {
    end(id, 'lost', { workerId: 'runpod:ep:x', failure: { type: 'LEASE_EXPIRED', message: 'gone' } });
    end(id, 'cancelled');
    end(id, 'handed-back');
  }
  expect(guard.problem()).toBeUndefined();
});

test('after a pause one job is theirs on trial; its result brings the others back', () => {
  lost('a');
  lost('b');
  const at = guard.nextTrialAt() ?? 0;
  expect(at).toBe(now + LOCAL_RULES.openMs);
  now = at;
  expect(guard.problem()).toBeUndefined();
  expect(guard.wantsTrial()).toBe(true);
  take('elsewhere', 'runpod:ep:x');
  take('c');
  expect(guard.problem()).toContain('workers here are lost with their jobs');
  end('c', 'completed');
  expect(guard.problem()).toBeUndefined();
  expect(guard.wantsTrial()).toBe(false);
});

test('a trial that fails makes the pause twice as long, and one that was cancelled is tried again at once', () => {
  lost('a');
  lost('b');
  now = guard.nextTrialAt() ?? 0;
  guard.problem();
  take('c');
  end('c', 'cancelled');
  expect(guard.wantsTrial()).toBe(true);
  take('d');
  lost('d');
  expect(guard.nextTrialAt()).toBe(now + 2 * LOCAL_RULES.openMs);
});

test('attempts from before it opened tell nothing new', () => {
  lost('a');
  lost('b');
  end('c', 'completed', { startedAt: now - 500 });
  expect(guard.problem()).toContain('workers here are lost with their jobs');
  now += 1;
  end('d', 'completed');
  expect(guard.problem()).toBeUndefined();
});

test('the time of the next trial is always one to come, though nobody asks how workers here are meanwhile', () => {
  lost('a');
  lost('b');
  now = guard.nextTrialAt() ?? 0;
  expect(guard.nextTrialAt()).toBeUndefined();
  expect(guard.wantsTrial()).toBe(true);
});
