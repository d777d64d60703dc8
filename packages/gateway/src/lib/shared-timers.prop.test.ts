import { createManualClock } from '@spillway/sdk/clock';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSharedTimers } from './shared-timers.ts';

const step = fc.oneof(
  fc.record({ type: fc.constant('set' as const), ms: fc.constantFrom(0, 5, 20) }),
  fc.record({ type: fc.constant('cancel' as const), which: fc.nat(30) }),
  fc.record({ type: fc.constant('advance' as const), ms: fc.nat(15) }),
);

test('every timer is over at its time, in the order of the times of its length, unless it was called off', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const clock = createManualClock(0);
      const timer = createSharedTimers(clock);
      const set: { at: number; ms: number; overAt?: number; isCancelled: boolean; cancel: () => void }[] = [];
      const order: number[] = [];
      for (const one of steps) {
        if (one.type === 'set') {
          const index = set.length;
          const cancel = timer(one.ms, () => {
            order.push(index);
            const mine = set[index];
            if (mine) mine.overAt = clock.now();
          });
          set.push({ at: clock.now() + one.ms, ms: one.ms, isCancelled: false, cancel });
        } else if (one.type === 'cancel') {
          const mine = set[one.which];
          mine?.cancel();
          if (mine && mine.overAt === undefined) mine.isCancelled = true;
        } else await clock.advance(one.ms);
      }
      await clock.advance(20);
      for (const { at, overAt, isCancelled } of set) expect(overAt).toBe(isCancelled ? undefined : at);
      for (const ms of [0, 5, 20]) {
        const ofLength = order.filter((index) => set[index]?.ms === ms);
        expect(ofLength).toEqual(ofLength.toSorted((a, b) => a - b));
      }
      expect(clock.pending()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('one that is over may set the next, and one that is called off leaves no timer behind', async () => {
  const clock = createManualClock(0);
  const timer = createSharedTimers(clock);
  const seen: number[] = [];
  timer(10, () => timer(10, () => seen.push(clock.now())));
  await clock.advance(30);
  expect(seen).toEqual([20]);
  const cancel = timer(10, () => seen.push(-1));
  cancel();
  cancel();
  expect(clock.pending()).toEqual([]);
});
