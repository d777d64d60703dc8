import { expect, test } from 'vitest';
import { decideGiveWay, type OtherEndpoint, type SharingWorker, TURN_MS } from './decide-give-way.ts';

const NOW = 1_000_000;
const EMPTY = { queued: 0, queuedLowPriority: 0, inProgress: 0 };
const WAITING = { queued: 1, queuedLowPriority: 0, inProgress: 0, oldestQueuedAt: NOW - 100 };
const OVERDUE = { ...WAITING, oldestQueuedAt: NOW - TURN_MS };

const idle = (id: string, forMs: number): SharingWorker => ({
  ...{ id, state: 'idle', jobs: 0, idleSince: NOW - forMs, readyAt: NOW - forMs },
});
const busy = (id: string, forMs = 0): SharingWorker => ({
  ...{ id, state: 'running', jobs: 1, readyAt: NOW - forMs },
});
const other = (workers: SharingWorker[], changes: Partial<OtherEndpoint> = {}): OtherEndpoint => ({
  ...{ min: 0, queue: EMPTY, workers },
  ...changes,
});
const may = (others: OtherEndpoint[], queue = WAITING, hasWorkers = false) =>
  decideGiveWay({ queue, hasWorkers }, others, NOW);

test('the longest idle workers of all other endpoints go first', () => {
  const others = [other([idle('a1', 10), idle('a2', 90)]), other([idle('b1', 50)])];
  expect(may(others)).toEqual({ now: ['a2', 'b1', 'a1'], later: [], isOverdue: false });
});

test('a busy worker does not give way yet, nor one that is starting; one on its way out is gone anyway', () => {
  const starting: SharingWorker = { id: 's', state: 'initializing', jobs: 0 };
  const leaving: SharingWorker = { id: 'l', state: 'stopping', jobs: 0 };
  expect(may([other([busy('a'), starting, leaving])])).toMatchObject({ now: [], later: ['a', 's'] });
});

test('the workers that an endpoint keeps stay, the idle ones last; busy ones count among them', () => {
  expect(may([other([idle('a', 90), idle('b', 10)], { min: 1 })])).toMatchObject({ now: ['a'], later: [] });
  expect(may([other([idle('a', 90), busy('b')], { min: 1 })])).toMatchObject({ now: ['a'], later: [] });
  expect(may([other([idle('a', 90)], { min: 1 })])).toMatchObject({ now: [], later: [] });
});

test('an idle worker whose own endpoint has a job that waits for longer is about to take it', () => {
  const queue = (oldestQueuedAt: number) => ({ ...WAITING, oldestQueuedAt });
  const longer = other([idle('a', 90)], { queue: queue(NOW - 101) });
  const shorter = other([idle('b', 90)], { queue: queue(NOW - 99) });
  const paused = other([idle('c', 80)], { queue: { ...queue(NOW - 101), isPaused: true } });
  expect(may([longer, shorter, paused])).toMatchObject({ now: ['b', 'c'], later: ['a'] });
});

test('a worker that has been at work for a turn ends for a job that waited for one, idle ones first', () => {
  const others = [
    other([busy('old', TURN_MS), busy('older', TURN_MS + 1)]),
    other([busy('new', TURN_MS - 1), idle('i', 5)]),
  ];
  expect(may(others, OVERDUE)).toEqual({ now: ['i', 'older', 'old'], later: ['new'], isOverdue: true });
  expect(may(others, { ...OVERDUE, oldestQueuedAt: NOW - TURN_MS + 1 })).toMatchObject({ now: ['i'] });
});

test('an endpoint that has a worker takes no turn of another: both get on', () => {
  const others = [other([busy('old', 2 * TURN_MS), idle('i', 5)])];
  expect(may(others, OVERDUE, true)).toEqual({ now: ['i'], later: ['old'], isOverdue: false });
});

test('nobody gives way where no job waits, or only low-priority ones; who is not kept may later', () => {
  const others = [other([idle('a', 90), busy('b', 2 * TURN_MS)])];
  const later = { now: [], later: ['a', 'b'], isOverdue: false };
  expect(decideGiveWay({ queue: EMPTY, hasWorkers: false }, others, NOW)).toEqual(later);
  expect(may(others, { ...OVERDUE, queuedLowPriority: 1 })).toEqual(later);
});
