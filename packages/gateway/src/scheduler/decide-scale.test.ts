import { expect, test } from 'vitest';
import { decideScale, type ScaledWorker, type ScaleInput } from './decide-scale.ts';

const NOW = 1_000_000;

let count = 0;
function worker(state: ScaledWorker['state'], idleForMs = 0): ScaledWorker {
  count += 1;
  const idle = state === 'idle' ? { idleSince: NOW - idleForMs } : {};
  return { id: `w${count}`, state, jobs: state === 'running' ? 1 : 0, ...idle };
}

function decide(
  changes: Partial<ScaleInput> & { readonly queued?: number; readonly waitedMs?: number } = {},
) {
  const { queued = 0, waitedMs = 0, ...input } = changes;
  return decideScale({
    limits: { min: 0, max: 3, idleTimeoutMs: 5_000 },
    scaling: { type: 'QUEUE_DELAY', queueDelayMs: 4_000 },
    queue: {
      queued,
      queuedLowPriority: 0,
      inProgress: 0,
      ...(queued > 0 ? { oldestQueuedAt: NOW - waitedMs } : {}),
    },
    workers: [],
    startsAllowed: Number.POSITIVE_INFINITY,
    now: NOW,
    ...input,
  });
}

test('nothing to do: nothing is done, and only an event can change that', () => {
  expect(decide()).toEqual({ start: 0, stop: [] });
});

test('the first job starts a worker at once', () => {
  expect(decide({ queued: 1 }).start).toBe(1);
  expect(decide({ queued: 9 }).start).toBe(1);
});

test('a busy worker gets company when a job has waited for the queue delay', () => {
  const workers = [worker('running')];
  expect(decide({ workers, queued: 1, waitedMs: 3_999 })).toMatchObject({ start: 0, lookAgainAt: NOW + 1 });
  expect(decide({ workers, queued: 1, waitedMs: 4_000 }).start).toBe(1);
});

test('one more only when the last start was a queue delay ago, and none is pending', () => {
  const workers = [worker('running'), worker('running')];
  const waited = { queued: 5, waitedMs: 60_000 };
  expect(decide({ workers, ...waited, lastStartAt: NOW - 3_000 })).toMatchObject({
    start: 0,
    lookAgainAt: NOW + 1_000,
  });
  expect(decide({ workers, ...waited, lastStartAt: NOW - 4_000 }).start).toBe(1);
  const starting = [worker('running'), worker('initializing')];
  expect(decide({ workers: starting, ...waited, lastStartAt: NOW - 9_000 }).start).toBe(0);
});

test('min workers are kept without any job', () => {
  expect(decide({ limits: { min: 2, max: 3, idleTimeoutMs: 5_000 } }).start).toBe(2);
});

test('max bounds everything, workers on their way out included', () => {
  const full = [worker('running'), worker('running'), worker('running')];
  expect(decide({ workers: full, queued: 9, waitedMs: 60_000 }).start).toBe(0);
  const leaving = [worker('stopping'), worker('outdated'), worker('unhealthy')];
  expect(decide({ workers: leaving, queued: 9 }).start).toBe(0);
  expect(decide({ limits: { min: 0, max: 0, idleTimeoutMs: 5_000 }, queued: 9 }).start).toBe(0);
});

test('workers that ended take no place', () => {
  const workers = [worker('stopped'), worker('stopped'), worker('stopped')];
  expect(decide({ workers, queued: 1 }).start).toBe(1);
});

test('by requests: as many as the jobs need', () => {
  const scaling = { type: 'REQUEST_COUNT', requestCount: 2 } as const;
  const queue = { queued: 4, queuedLowPriority: 0, inProgress: 1, oldestQueuedAt: NOW };
  expect(decide({ scaling, queue }).start).toBe(3);
  expect(decide({ scaling, queue, workers: [worker('running'), worker('initializing')] }).start).toBe(1);
});

test('low-priority jobs start no worker', () => {
  const queue = { queued: 5, queuedLowPriority: 5, inProgress: 0 };
  expect(decide({ queue }).start).toBe(0);
  expect(decide({ queue, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } }).start).toBe(0);
});

test('but they keep a worker that is there', () => {
  const queue = { queued: 5, queuedLowPriority: 5, inProgress: 0 };
  expect(decide({ queue, workers: [worker('idle', 60_000)] }).stop).toEqual([]);
});

test('a worker is stopped when it was idle for the idle timeout', () => {
  const idle = worker('idle', 4_999);
  expect(decide({ workers: [idle] })).toEqual({ start: 0, stop: [], lookAgainAt: NOW + 1 });
  const tired = worker('idle', 5_000);
  expect(decide({ workers: [tired] })).toEqual({ start: 0, stop: [tired.id] });
});

test('the longest idle goes first, and min are kept', () => {
  const workers = [worker('idle', 6_000), worker('idle', 9_000), worker('idle', 7_000)];
  const limits = { min: 1, max: 3, idleTimeoutMs: 5_000 };
  expect(decide({ workers, limits }).stop).toEqual([workers[1]?.id, workers[2]?.id]);
});

test('a ready worker is not let go for one that is only starting', () => {
  const workers = [worker('idle', 60_000), worker('initializing')];
  expect(decide({ workers, limits: { min: 1, max: 3, idleTimeoutMs: 5_000 } }).stop).toEqual([]);
});

test('beyond a lowered max idle workers go at once, busy ones stay', () => {
  const workers = [worker('running'), worker('idle', 1), worker('running')];
  const decision = decide({ workers, limits: { min: 0, max: 1, idleTimeoutMs: 5_000 } });
  expect(decision.stop).toEqual([workers[1]?.id]);
});

test('while starts fail it starts what the fleet allows, and looks again when it may', () => {
  expect(decide({ queued: 1, startsAllowed: 0, nextStartAt: NOW + 8_000 })).toEqual({
    start: 0,
    stop: [],
    lookAgainAt: NOW + 8_000,
  });
  const scaling = { type: 'REQUEST_COUNT', requestCount: 1 } as const;
  expect(decide({ queued: 3, scaling, startsAllowed: 1 }).start).toBe(1);
});

test('workers that connected by themselves take jobs too: one is started only when a job has waited', () => {
  expect(decide({ queued: 1, poolWorkers: 1 })).toEqual({ start: 0, stop: [], lookAgainAt: NOW + 4_000 });
  expect(decide({ queued: 1, poolWorkers: 1, waitedMs: 4_000 }).start).toBe(1);
  const scaling = { type: 'REQUEST_COUNT', requestCount: 2 } as const;
  expect(decide({ queued: 6, poolWorkers: 2, scaling }).start).toBe(1);
  expect(decide({ queued: 6, poolWorkers: 9, scaling }).start).toBe(0);
});

test('workers that connected by themselves neither fill max nor stand in for min', () => {
  const limits = { min: 1, max: 1, idleTimeoutMs: 5_000 };
  expect(decide({ limits, poolWorkers: 5 }).start).toBe(1);
  const workers = [worker('idle', 60_000)];
  expect(decide({ limits, poolWorkers: 5, workers }).stop).toEqual([]);
});
