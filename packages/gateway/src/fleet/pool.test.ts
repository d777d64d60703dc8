import type { JobFailure } from '@spillway/protocol';
import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import { createFakeBackend, type FakeBackend } from './fake-backend.ts';
import { createFleet, type Fleet } from './fleet.ts';
import type { PoolCall } from './pool.ts';

const endpoint = newTestEndpoint({ backends: ['pool'] });
const both = newTestEndpoint({ name: 'both', backends: ['process', 'pool'] });
const closedDoor = newTestEndpoint({ name: 'own', backends: ['process'] });
const LEASE_MS = 40_000;

let clock: ManualClock;
let backend: FakeBackend;
let fleet: Fleet;
let drains: Map<string, () => void>;
let lost: [workerId: string, failure: JobFailure][];
let doors: string[];
let held: Map<string, number>;

beforeEach(() => {
  clock = createManualClock();
  backend = createFakeBackend();
  drains = new Map();
  lost = [];
  doors = [];
  held = new Map();
  fleet = createFleet({
    clock,
    ids: createCountingIds(),
    backends: [backend],
    hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
    hostname: 'box',
    heartbeatMs: 10_000,
    leaseMs: LEASE_MS,
    origin: () => 'http://127.0.0.1:1',
    keys: { issueKey: (workerId) => `key of ${workerId}`, revokeKey: () => {} },
    log: { info: () => {}, warn: () => {} },
    jobs: {
      held: (workerId) => held.get(workerId) ?? 0,
      close: (workerId) => doors.push(`close ${workerId}`),
      reopen: (workerId) => doors.push(`reopen ${workerId}`),
    },
    drain: (workerId, signal) =>
      new Promise((resolve) => {
        drains.set(workerId, resolve);
        signal.addEventListener('abort', () => resolve());
      }),
    onWorkerLost: (workerId, _, failure) => {
      lost.push([workerId, failure]);
    },
  });
});

afterEach(async () => {
  const stopped = fleet.stop();
  for (const id of drains.keys()) fleet.noteJobs(id, 0);
  await clock.advance(60_000);
  await stopped;
  expect(clock.pending()).toEqual([]);
});

const call = (changes: Partial<PoolCall> = {}) =>
  fleet.pool.admit({ workerId: 'far', endpoint, keyId: 'k1', isAdmin: false, ...changes });
/** A job-take that is answered at once. */
function take(changes: Partial<PoolCall> = {}): void {
  expect(call(changes)).toBeUndefined();
  const { workerId = 'far' } = changes;
  fleet.pool.freeHands(workerId);
  fleet.noteTake(workerId);
}
const shown = () => fleet.worker('far');

describe('a worker that connects by itself', () => {
  test('is there from its first call on, with where it calls from and what it runs on', () => {
    call({ client: () => ({ remoteAddress: '10.0.0.7' }) });
    expect(shown()).toMatchObject({ backend: 'pool', state: 'initializing', remoteAddress: '10.0.0.7' });
    take({ client: () => ({ software: 'Spillway-SDK/0.1.0' }) });
    fleet.noteJobs('far', 2);
    expect(shown()).toMatchObject({
      state: 'running',
      jobs: 2,
      remoteAddress: '10.0.0.7',
      software: 'Spillway-SDK/0.1.0',
      lastSeenAt: clock.now(),
    });
    expect(fleet.counts('mine')).toMatchObject({ running: 1, idle: 0 });
    fleet.noteJobs('far', 0);
    expect(fleet.counts('mine')).toMatchObject({ running: 0, idle: 1, ready: 1 });
  });

  test('that was at work while the gateway was away is shown with its jobs', () => {
    held.set('far', 1);
    call();
    expect(shown()).toMatchObject({ state: 'running', jobs: 1 });
  });

  test('is gone when it was silent for a lease, and its jobs are free', async () => {
    take();
    fleet.noteJobs('far', 1);
    await clock.advance(LEASE_MS - 1);
    call();
    await clock.advance(LEASE_MS - 1);
    expect(shown()?.state).toBe('running');
    await clock.advance(1);
    expect(shown()).toMatchObject({ state: 'stopped', exit: { problem: 'gave no sign of life for 40 s' } });
    expect(lost).toEqual([
      ['far', { type: 'LEASE_EXPIRED', message: 'the worker gave no sign of life for 40 s' }],
    ]);
  });

  test('is there as long as it holds a request open, and a lease longer', async () => {
    take();
    const release = fleet.pool.hold('far');
    await clock.advance(10 * LEASE_MS + 17);
    expect(shown()).toMatchObject({ state: 'idle', lastSeenAt: clock.now() });
    release();
    await clock.advance(LEASE_MS - 1);
    expect(shown()?.state).toBe('idle');
    await clock.advance(1);
    expect(shown()?.state).toBe('stopped');
  });

  test('comes back under its id, also with another key', async () => {
    take();
    await clock.advance(LEASE_MS);
    take({ keyId: 'k2' });
    expect(shown()).toMatchObject({ state: 'idle', startedAt: clock.now() });
    expect(fleet.workers('mine')).toHaveLength(1);
  });

  test('says nothing about starts, however it ends', async () => {
    call({ endpoint: both });
    await clock.advance(LEASE_MS);
    expect(fleet.startProblem('both')).toBeUndefined();
    expect(fleet.startsAllowed('both')).toBe(Number.POSITIVE_INFINITY);
  });

  test('does not hold back the only start that is allowed while starts fail', async () => {
    fleet.startWorker(both);
    await clock.advance(0);
    backend.started[0]?.exit({ code: 1 });
    await clock.advance(2_000);
    call({ endpoint: both });
    expect(fleet.startsAllowed('both')).toBe(1);
  });
});

describe('who may speak for a worker', () => {
  test('is the key that it came with', () => {
    take();
    expect(call({ keyId: 'k2' })).toBe(
      'the worker far is connected with another key; give this one an id of its own (RUNPOD_POD_ID)',
    );
    expect(call({ isAdmin: true, keyId: 'admin' })).toBeUndefined();
  });

  test('is for a worker that the gateway started nobody else, also when it has ended', async () => {
    const id = fleet.startWorker(both) ?? '';
    await clock.advance(0);
    expect(call({ workerId: id, endpoint: both })).toBe(`the worker ${id} was started by this gateway`);
    backend.started[0]?.exit({ code: 0 });
    await clock.advance(0);
    expect(call({ workerId: id, endpoint: both })).toBe(`the worker ${id} was started by this gateway`);
    expect(fleet.worker(id)?.backend).toBe('process');
  });

  test('is nobody where the endpoint takes no such workers, and nobody is noted', () => {
    expect(call({ endpoint: closedDoor })).toContain('add `pool` to endpoints.own.backends');
    expect(call({ endpoint: closedDoor, isAdmin: true })).toBeUndefined();
    expect(fleet.workers()).toEqual([]);
  });

  test('is not one that works for another endpoint', () => {
    take();
    expect(call({ endpoint: both })).toContain('works for another endpoint');
  });

  test.each([[''], ['a/b'], ['x'.repeat(129)], ['a b']])('is not %j, which is no id', (workerId) => {
    expect(call({ workerId })).toContain('RUNPOD_POD_ID');
  });
});

describe('a worker that connects by itself and is to stop', () => {
  test('is drained, and that is all that is waited for', async () => {
    take();
    fleet.noteJobs('far', 1);
    let isDrained = false;
    const stopped = fleet.stopWorker('far', 'somebody drained it').then(() => {
      isDrained = true;
    });
    await clock.advance(1_000);
    expect(shown()).toMatchObject({ state: 'stopping', jobs: 1 });
    expect(isDrained).toBe(false);
    fleet.noteJobs('far', 0);
    drains.get('far')?.();
    await stopped;
    expect(shown()?.state).toBe('stopping');
  });

  test('stays drained while it asks, and works again when it was started anew', async () => {
    take();
    const stopped = fleet.stopWorker('far', 'somebody drained it');
    await clock.settle();
    drains.get('far')?.();
    await stopped;
    for (let i = 0; i < 100; i += 1) {
      const release = fleet.pool.hold('far');
      await clock.advance(1_000);
      release();
      take();
    }
    expect(shown()?.state).toBe('stopping');
    await clock.advance(2_000);
    expect(shown()).toMatchObject({ state: 'stopped', stopReason: 'somebody drained it' });
    take();
    expect(shown()?.state).toBe('idle');
  });

  test('because it asked for a fresh one is drained once it holds no job', async () => {
    take();
    fleet.noteJobs('far', 1);
    fleet.refreshWorker('far');
    expect(shown()?.state).toBe('outdated');
    fleet.noteJobs('far', 0);
    await clock.settle();
    expect(shown()?.state).toBe('stopping');
    expect(drains.has('far')).toBe(true);
    drains.get('far')?.();
  });

  test('and says goodbye is gone a moment later, unless it calls again', async () => {
    take();
    fleet.pool.goodbye('far');
    await clock.advance(900);
    call();
    await clock.advance(5_000);
    expect(shown()?.state).toBe('idle');
    fleet.pool.goodbye('far');
    await clock.advance(1_000);
    expect(shown()).toMatchObject({ state: 'stopped', exit: { problem: 'said goodbye' } });
  });

  test('and said that it can’t work is left alone, and works when it asks with free hands', async () => {
    take();
    fleet.noteUnhealthy('far', 'cuda: no device');
    await clock.advance(30_000);
    expect(shown()).toMatchObject({
      state: 'unhealthy',
      problem: 'reported itself unhealthy: cuda: no device',
    });
    expect(drains.has('far')).toBe(false);
    take();
    expect(shown()?.state).toBe('idle');
    expect(shown()?.problem).toBeUndefined();
  });

  test('because it goes on with a stopped job gets no other until its hands are free', async () => {
    take();
    expect(fleet.pool.wontStop('far', ['job-1'])).toBe(true);
    expect(shown()).toMatchObject({
      state: 'unhealthy',
      problem:
        'does not stop: it goes on with the job job-1, cancelled or out of time; it gets no other jobs until it has ended that',
    });
    expect(doors).toEqual(['close far']);
    take();
    expect(doors).toEqual(['close far', 'reopen far']);
    expect(shown()?.state).toBe('idle');
    expect(shown()?.problem).toBeUndefined();
  });

  test('that goes on with stopped jobs keeps the others, and is at work again when it has stopped', async () => {
    take();
    fleet.noteJobs('far', 2);
    fleet.pool.wontStop('far', ['job-1', 'job-2']);
    expect(shown()).toMatchObject({
      state: 'unhealthy',
      jobs: 2,
      problem: expect.stringContaining('2 jobs (job-1, job-2)'),
    });
    fleet.pool.hasStopped('far');
    expect(shown()).toMatchObject({ state: 'running', jobs: 2 });
    expect(doors).toEqual(['close far', 'reopen far']);
    expect(lost).toEqual([]);
    fleet.noteJobs('far', 0);
  });

  test('that is drained and would not stop a job stays drained when it has stopped it', async () => {
    take();
    fleet.noteJobs('far', 1);
    const stopped = fleet.stopWorker('far', 'somebody drained it');
    await clock.settle();
    fleet.pool.wontStop('far', ['job-1']);
    fleet.pool.hasStopped('far');
    expect(shown()?.state).toBe('stopping');
    expect(doors).toEqual(['close far']);
    fleet.noteJobs('far', 0);
    drains.get('far')?.();
    await stopped;
  });

  test('is out of reach, as one that nobody knows, and not one that was started here', async () => {
    take();
    const own = fleet.startWorker(both) ?? '';
    await clock.advance(0);
    expect(['far', 'nobody', own].map((id) => fleet.isOutOfReach(id))).toEqual([true, true, false]);
    expect(fleet.pool.wontStop('nobody', ['job-1'])).toBe(false);
    expect(fleet.pool.wontStop(own, ['job-1'])).toBe(false);
    await fleet.killWorker('far', 'test');
    expect(shown()?.state).toBe('idle');
  });
});

describe('when the gateway stops', () => {
  test('workers from elsewhere finish their jobs for a while, get no others, and are not lost', async () => {
    take();
    held.set('far', 1);
    fleet.noteJobs('far', 1);
    let isStopped = false;
    const stopped = fleet.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(5_000);
    expect(doors).toEqual(['close far']);
    expect(isStopped).toBe(false);
    held.delete('far');
    fleet.noteJobs('far', 0);
    await clock.settle();
    await stopped;
    expect(lost).toEqual([]);
  });

  test('one that takes longer keeps its job for the next gateway', async () => {
    take();
    held.set('far', 1);
    fleet.noteJobs('far', 1);
    const stopped = fleet.stop();
    await clock.advance(20_000);
    await stopped;
    expect(lost).toEqual([]);
    take();
    expect(fleet.workers('mine').map(({ state }) => state)).toEqual(['stopped']);
  });
});
