import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import type { ScaledWorker } from './decide-scale.ts';
import type { QueueSnapshot } from './queue-view.ts';
import { createScheduler, type ScheduledFleet, type Scheduler } from './scheduler.ts';

/** A fleet whose workers are ready at once and end at once. */
function createFakeFleet(clock: ManualClock) {
  const workers = new Map<string, ScaledWorker>();
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => void listener());
  const stopped: string[] = [];
  let allowed = Number.POSITIVE_INFINITY;
  let nextStartAt = 0;
  const fleet: ScheduledFleet = {
    workers: () => [...workers.values()],
    startsAllowed: () => (clock.now() >= nextStartAt ? allowed : 0),
    nextStartAt: () => nextStartAt,
    startWorker() {
      const id = `w${workers.size + stopped.length + 1}`;
      workers.set(id, { id, state: 'idle', jobs: 0, idleSince: clock.now() });
      tell();
      return id;
    },
    async stopWorker(id) {
      workers.delete(id);
      stopped.push(id);
      tell();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    ...fleet,
    stopped,
    listeners,
    work(id: string, isBusy: boolean) {
      const idle = isBusy ? {} : { idleSince: clock.now() };
      workers.set(id, { id, state: isBusy ? 'running' : 'idle', jobs: isBusy ? 1 : 0, ...idle });
      tell();
    },
    holdBackUntil(at: number, count = 1) {
      nextStartAt = at;
      allowed = count;
    },
  };
}

const NOTHING: QueueSnapshot = { queued: 0, queuedLowPriority: 0, inProgress: 0 };

let clock: ManualClock;
let fleet: ReturnType<typeof createFakeFleet>;
let jobs: QueueSnapshot | Error;
let looks: number;
let scheduler: Scheduler;

beforeEach(() => {
  clock = createManualClock();
  fleet = createFakeFleet(clock);
  jobs = NOTHING;
  looks = 0;
  scheduler = createScheduler({
    clock,
    fleet,
    endpoints: [newTestEndpoint()],
    queue: {
      snapshot: () => {
        looks += 1;
        if (jobs instanceof Error) throw jobs;
        return jobs;
      },
    },
    log: { warn: () => {} },
  });
  scheduler.start();
});

afterEach(async () => {
  await scheduler.stop();
  expect(clock.pending()).toEqual([]);
  expect(fleet.listeners.size).toBe(0);
});

async function submit(queued: number): Promise<void> {
  jobs = { queued, queuedLowPriority: 0, inProgress: 0, oldestQueuedAt: clock.now() };
  scheduler.poke();
  await clock.advance(50);
}

test('scales from nothing to max as jobs wait, and back to nothing when idle', async () => {
  await submit(5);
  expect(fleet.workers('mine')).toHaveLength(1);
  fleet.work('w1', true);
  await clock.advance(4_000);
  expect(fleet.workers('mine')).toHaveLength(2);
  fleet.work('w2', true);
  await clock.advance(4_000);
  expect(fleet.workers('mine')).toHaveLength(3);
  fleet.work('w3', true);
  await clock.advance(60_000);
  expect(fleet.workers('mine')).toHaveLength(3);
  jobs = NOTHING;
  for (const id of ['w1', 'w2', 'w3']) fleet.work(id, false);
  await clock.advance(4_900);
  expect(fleet.stopped).toEqual([]);
  await clock.advance(200);
  expect(fleet.workers('mine')).toEqual([]);
});

test('tries again when the fleet allows the next start', async () => {
  fleet.holdBackUntil(clock.now() + 8_000);
  await submit(1);
  await clock.advance(7_900);
  expect(fleet.workers('mine')).toHaveLength(0);
  await clock.advance(100);
  expect(fleet.workers('mine')).toHaveLength(1);
});

test('many pokes make few looks, the first of them at once, and none are made without a reason', async () => {
  await clock.advance(50);
  const before = looks;
  for (let i = 0; i < 1_000; i += 1) scheduler.poke();
  await clock.advance(0);
  expect(looks).toBe(before + 1);
  for (let i = 0; i < 10; i += 1) {
    scheduler.poke();
    await clock.advance(1);
  }
  expect(looks).toBe(before + 1);
  await clock.advance(40);
  expect(looks).toBe(before + 2);
  await clock.advance(10_000);
  expect(looks).toBe(before + 2);
});

test('goes on after a look that failed', async () => {
  jobs = new Error('database is locked');
  scheduler.poke();
  await clock.advance(50);
  await submit(1);
  expect(fleet.workers('mine')).toHaveLength(1);
});

test('does nothing any more once it is stopped', async () => {
  await scheduler.stop();
  await submit(5);
  expect(fleet.workers('mine')).toHaveLength(0);
});

test('starts nothing where workers only connect by themselves', async () => {
  await scheduler.stop();
  const pool = newTestEndpoint({ backends: ['pool'], workers: { min: 2, max: 3, idleTimeoutMs: 5_000 } });
  const log = { warn: () => {} };
  scheduler = createScheduler({
    clock,
    endpoints: [pool],
    fleet,
    queue: { snapshot: () => jobs as QueueSnapshot },
    log,
  });
  scheduler.start();
  await submit(3);
  await clock.advance(30_000);
  expect(fleet.workers('mine')).toHaveLength(0);
});

test('a paused endpoint starts no worker, not even its least number, and keeps those it has', async () => {
  await scheduler.stop();
  scheduler = createScheduler({
    clock,
    fleet,
    endpoints: [newTestEndpoint({ workers: { min: 2, max: 3, idleTimeoutMs: 5_000 } })],
    queue: { snapshot: () => jobs as QueueSnapshot },
    log: { warn: () => {} },
  });
  jobs = { ...NOTHING, isPaused: true };
  scheduler.start();
  await clock.advance(60_000);
  expect(fleet.workers('mine')).toEqual([]);
  jobs = NOTHING;
  scheduler.poke();
  await clock.advance(100);
  expect(fleet.workers('mine')).toHaveLength(2);
  jobs = { ...NOTHING, isPaused: true };
  scheduler.poke();
  await clock.advance(60_000);
  expect(fleet.workers('mine')).toHaveLength(2);
  // Nor do they stay where they cost what may not be spent.
  jobs = { ...NOTHING, isPaused: true, isUnpaid: true };
  scheduler.poke();
  await clock.advance(100);
  expect(fleet.workers('mine')).toEqual([]);
});
