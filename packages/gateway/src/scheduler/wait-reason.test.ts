import type { WorkerState } from '@spillway/protocol';
import { expect, test } from 'vitest';
import { decideWaitReason, type WaitInput } from './wait-reason.ts';

function reason(states: WorkerState[], changes: Partial<WaitInput> = {}) {
  return decideWaitReason({
    endpoint: { name: 'mine', workers: { max: 3 } },
    workers: states.map((state) => ({ state })),
    position: 0,
    ...changes,
  });
}

test('all workers busy: how many, and how many jobs are ahead', () => {
  expect(reason(['running', 'running', 'running'], { position: 2 })).toEqual({
    code: 'WORKERS_BUSY',
    message: '3 of 3 workers are busy; 2 jobs are ahead',
  });
  expect(reason(['running', 'initializing', 'stopped'], { position: 1 })).toEqual({
    code: 'WORKERS_BUSY',
    message: '1 of 3 workers is busy, 1 more is starting; 1 job is ahead',
  });
});

test('a worker starts, or is about to', () => {
  expect(reason(['initializing', 'stopped'])).toEqual({
    code: 'WORKER_STARTING',
    message: 'a worker is starting; no job is ahead',
  });
  expect(reason([], { position: undefined })).toEqual({
    code: 'WORKER_STARTING',
    message: 'a worker is about to start',
  });
});

test('workers that do not start: why, unless another one works', () => {
  const startProblem = { message: 'no worker runs: the last 5 starts failed …' };
  expect(reason(['initializing'], { startProblem })).toEqual({ code: 'WORKER_CRASH_LOOP', ...startProblem });
  expect(reason(['running'], { startProblem }).code).toBe('WORKERS_BUSY');
});

test('an endpoint that allows no workers says how to open it', () => {
  const closed = reason([], { endpoint: { name: 'mine', workers: { max: 0 } } });
  expect(closed.code).toBe('NO_WORKERS_ALLOWED');
  expect(closed.message).toContain('endpoints.mine.workers.max');
});

test('a low-priority job says that it starts no worker', () => {
  expect(reason([], { isLowPriority: true }).code).toBe('NO_WORKERS_ALLOWED');
  expect(reason(['initializing'], { isLowPriority: true }).code).toBe('WORKER_STARTING');
});
