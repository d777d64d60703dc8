import type { WorkerState } from '@spillway/protocol';
import { expect, test } from 'vitest';
import { decideWaitReason, type WaitInput } from './wait-reason.ts';

function reason(states: WorkerState[], changes: Partial<WaitInput> = {}) {
  return decideWaitReason({
    endpoint: { name: 'mine', workers: { max: 3 }, backends: ['process'] },
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
  const closed = reason([], { endpoint: { name: 'mine', workers: { max: 0 }, backends: ['process'] } });
  expect(closed.code).toBe('NO_WORKERS_ALLOWED');
  expect(closed.message).toContain('endpoints.mine.workers.max');
});

test('a low-priority job says that it starts no worker', () => {
  expect(reason([], { isLowPriority: true }).code).toBe('NO_WORKERS_ALLOWED');
  expect(reason(['initializing'], { isLowPriority: true }).code).toBe('WORKER_STARTING');
});

const POOL: WaitInput['endpoint'] = { name: 'mine', workers: { max: 3 }, backends: ['pool'] };

test('where workers only connect, a job says that none has and how one does', () => {
  const waiting = reason(['stopped', 'stopping'], { endpoint: POOL });
  expect(waiting.code).toBe('NO_POOL_WORKERS');
  expect(waiting.message).toContain('`spillway pool env mine`');
});

test('where the only connected worker is unhealthy, a job says so', () => {
  expect(reason(['unhealthy', 'stopped'], { endpoint: POOL })).toEqual({
    code: 'NO_POOL_WORKERS',
    message:
      'no worker that is connected takes jobs: 1 is unhealthy, `spillway workers` says why; no job is ahead',
  });
});

test('connected workers count beside those that may be started', () => {
  const workers: WaitInput['workers'] = [
    { state: 'running', backend: 'pool' },
    { state: 'running', backend: 'pool' },
  ];
  expect(reason([], { workers, endpoint: POOL }).message).toBe('2 of 2 workers are busy; no job is ahead');
  const both = { ...POOL, backends: ['process', 'pool'] as const };
  expect(reason([], { workers, endpoint: both }).message).toBe('2 of 5 workers are busy; no job is ahead');
});

test('a job whose worker waits for its image says so', () => {
  const preparing = 'the image acme/whisper:2 is being pulled';
  expect(reason([], { workers: [{ state: 'initializing', preparing }] }).message).toBe(
    'a worker is starting: the image acme/whisper:2 is being pulled; no job is ahead',
  );
});

test('a paused endpoint is told before anything else, with the way to end it', () => {
  const { code, message } = reason(['running'], { isPaused: true });
  expect(code).toBe('PAUSED');
  expect(message).toContain('spillway endpoints resume mine');
});

test('a job that may not be delivered yet says when, and whether it was tried before', () => {
  expect(reason([], { notBefore: { inMs: 61_200, isRetry: false } })).toEqual({
    code: 'DELAYED',
    message: 'it was submitted with a delay and may be delivered in 62 s',
  });
  expect(reason([], { notBefore: { inMs: 500, isRetry: true } })).toMatchObject({ code: 'RETRY_BACKOFF' });
  expect(reason([], { notBefore: { inMs: 0, isRetry: true } })).toMatchObject({ code: 'WORKER_STARTING' });
});

test('no room on a card: why, where a worker would start', () => {
  const gpuObstacle = 'one needs 8 GB on a graphics card, the largest one here has 6 GB';
  expect(reason([], { gpuObstacle })).toEqual({
    code: 'NO_GPU_MEMORY',
    message: `no worker starts: ${gpuObstacle}; no job is ahead`,
  });
  expect(reason(['running'], { gpuObstacle, position: 1 })).toEqual({
    code: 'WORKERS_BUSY',
    message: `1 of 3 workers is busy, and no further one starts: ${gpuObstacle}; 1 job is ahead`,
  });
});

test('no room on a card is no news where a worker starts already, as many run as may, or none would start', () => {
  const gpuObstacle = 'one needs 8 GB';
  const without = (states: WorkerState[], changes: Partial<WaitInput> = {}) =>
    expect(reason(states, { gpuObstacle, ...changes }).message).not.toContain('8 GB');
  without(['initializing']);
  without(['running', 'initializing']);
  without(['running', 'running', 'running']);
  without([], { isLowPriority: true });
  without([], { isPaused: true });
});

test('a job that may not cost anything says so, and what else is the matter', () => {
  const spillObstacle = { code: 'BUDGET', message: 'it does not go to RunPod: the budget gpu is used up' };
  expect(reason(['running'], { spillObstacle, position: 1 })).toEqual({
    code: 'BUDGET',
    message: `1 of 3 workers is busy; 1 job is ahead; ${spillObstacle.message}`,
  });
  const alone = { endpoint: { name: 'far', workers: { max: 3 }, backends: ['runpod' as const] } };
  expect(reason([], { ...alone, spillObstacle })).toEqual(spillObstacle);
  expect(reason([], { isPaused: true, spillObstacle }).code).toBe('PAUSED');
  expect(reason(['idle'], { budgetStop: 'the budget box is used up' })).toEqual({
    code: 'BUDGET',
    message: 'workers here get no jobs: the budget box is used up',
  });
});

test('what else stands in its way to RunPod is told behind the reason here', () => {
  const spillObstacle = { code: 'RUNPOD', message: 'none goes to RunPod for now: it answered 500' };
  expect(reason(['running'], { spillObstacle })).toMatchObject({
    code: 'WORKERS_BUSY',
    message: `1 of 3 workers is busy; no job is ahead; ${spillObstacle.message}`,
  });
});
