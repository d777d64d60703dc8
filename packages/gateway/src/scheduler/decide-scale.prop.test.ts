import type { WorkerState } from '@spillway/protocol';
import { WORKER_STATES } from '@spillway/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideScale, type ScaledWorker, type ScaleInput } from './decide-scale.ts';

const NOW = 1_000_000;
const time = fc.integer({ min: NOW - 100_000, max: NOW });

const worker = fc.record({ state: fc.constantFrom<WorkerState[]>(...WORKER_STATES), idleSince: time });
const workers = fc.array(worker, { maxLength: 12 }).map((list) =>
  list.map(({ state, idleSince }, index): ScaledWorker => {
    const idle = state === 'idle' ? { idleSince } : {};
    return { id: `w${index}`, state, jobs: state === 'running' ? 1 : 0, ...idle };
  }),
);

const input: fc.Arbitrary<ScaleInput> = fc.record({
  limits: fc
    .tuple(fc.nat(5), fc.nat(5), fc.integer({ min: 1, max: 60_000 }))
    .map(([min, more, idleTimeoutMs]) => ({ min, max: min + more, idleTimeoutMs })),
  scaling: fc.oneof(
    fc.record({
      type: fc.constant('QUEUE_DELAY' as const),
      queueDelayMs: fc.integer({ min: 500, max: 60_000 }),
    }),
    fc.record({ type: fc.constant('REQUEST_COUNT' as const), requestCount: fc.integer({ min: 1, max: 5 }) }),
  ),
  queue: fc.tuple(fc.nat(20), fc.nat(20), fc.nat(10), time).map(([counting, low, inProgress, oldest]) => ({
    queued: counting + low,
    queuedLowPriority: low,
    inProgress,
    ...(counting > 0 ? { oldestQueuedAt: oldest } : {}),
  })),
  workers,
  lastStartAt: fc.option(time, { nil: undefined }),
  startsAllowed: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(3)),
  nextStartAt: fc.option(fc.integer({ min: NOW - 5_000, max: NOW + 5_000 }), { nil: undefined }),
  now: fc.constant(NOW),
});

const ACTIVE: readonly WorkerState[] = ['initializing', 'idle', 'running', 'throttled'];
const activeOf = (list: readonly ScaledWorker[]) => list.filter(({ state }) => ACTIVE.includes(state)).length;
const aliveOf = (list: readonly ScaledWorker[]) => list.filter(({ state }) => state !== 'stopped').length;

test('never more than max workers, and never fewer than min by its own doing', () => {
  fc.assert(
    fc.property(input, (each) => {
      const { start, stop } = decideScale(each);
      const { min, max } = each.limits;
      expect(start).toBeGreaterThanOrEqual(0);
      if (start > 0) expect(aliveOf(each.workers) + start).toBeLessThanOrEqual(max);
      if (stop.length > 0) expect(activeOf(each.workers) - stop.length).toBeGreaterThanOrEqual(min);
      const room = max - aliveOf(each.workers);
      const missing = Math.min(min - activeOf(each.workers), room, each.startsAllowed);
      expect(start).toBeGreaterThanOrEqual(Math.max(0, missing));
      expect(start).toBeLessThanOrEqual(each.startsAllowed);
    }),
  );
});

test('only idle workers are stopped, and only after the idle timeout or beyond max', () => {
  fc.assert(
    fc.property(input, (each) => {
      const { stop } = decideScale(each);
      const stopped = each.workers.filter(({ id }) => stop.includes(id));
      for (const { state, jobs } of stopped) expect([state, jobs]).toEqual(['idle', 0]);
      const early = stopped.filter(({ idleSince = NOW }) => NOW - idleSince < each.limits.idleTimeoutMs);
      expect(early.length).toBeLessThanOrEqual(Math.max(0, activeOf(each.workers) - each.limits.max));
    }),
  );
});

test('more waiting jobs never mean fewer starts, nor more stops', () => {
  fc.assert(
    fc.property(input, fc.nat(20), (each, more) => {
      const { oldestQueuedAt = NOW } = each.queue;
      const queue = {
        ...each.queue,
        queued: each.queue.queued + more,
        ...(more > 0 ? { oldestQueuedAt } : {}),
      };
      const [few, many] = [decideScale(each), decideScale({ ...each, queue })];
      expect(many.start).toBeGreaterThanOrEqual(few.start);
      expect(many.stop.length).toBeLessThanOrEqual(few.stop.length);
    }),
  );
});

test('low-priority jobs start nothing', () => {
  fc.assert(
    fc.property(input, fc.nat(20), (each, more) => {
      const { queued, queuedLowPriority } = each.queue;
      const queue = { ...each.queue, queued: queued + more, queuedLowPriority: queuedLowPriority + more };
      expect(decideScale({ ...each, queue }).start).toBe(decideScale(each).start);
    }),
  );
});

test('with a job, no worker at all and room for one, one is started', () => {
  fc.assert(
    fc.property(input, (each) => {
      fc.pre(each.limits.max > 0 && each.startsAllowed > 0);
      const queue = { queued: 1, queuedLowPriority: 0, inProgress: 0, oldestQueuedAt: NOW };
      expect(decideScale({ ...each, queue, workers: [] }).start).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('the next look lies ahead', () => {
  fc.assert(
    fc.property(input, (each) => {
      const { lookAgainAt } = decideScale(each);
      if (lookAgainAt !== undefined) expect(lookAgainAt).toBeGreaterThan(NOW);
    }),
  );
});
