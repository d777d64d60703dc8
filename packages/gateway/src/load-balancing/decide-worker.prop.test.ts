import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Affinity } from './affinity.ts';
import { type BalancedWorker, decideWorker, hasRoom } from './decide-worker.ts';

const IDS = ['a', 'b', 'c', 'd'];
const workers: fc.Arbitrary<BalancedWorker[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...IDS),
    isHealthy: fc.boolean(),
    isLeaving: fc.boolean(),
    open: fc.nat(4),
    usedAt: fc.nat(5),
  }),
  { selector: ({ id }) => id },
);
const capacity = fc.integer({ min: 1, max: 4 });
const affinity: fc.Arbitrary<Affinity> = fc.oneof(
  fc.constant({ wish: 'any' as const }),
  fc.record({ wish: fc.constantFrom('prefer' as const, 'only' as const), workerId: fc.constantFrom(...IDS) }),
);

test('a request only ever goes to a healthy worker that stays and has room', () => {
  fc.assert(
    fc.property(workers, capacity, affinity, (all, limit, wish) => {
      const choice = decideWorker(all, limit, wish);
      const chosen = choice.type === 'send' && all.find(({ id }) => id === choice.workerId);
      if (chosen !== false) expect(chosen && hasRoom(chosen, limit)).toBe(true);
    }),
  );
});

test('it waits only while no worker that it accepts has room, and gives up only on a worker that is gone', () => {
  fc.assert(
    fc.property(workers, capacity, affinity, (all, limit, wish) => {
      const accepted = all.filter(({ id }) => wish.wish !== 'only' || id === wish.workerId);
      const choice = decideWorker(all, limit, wish);
      const isSent = accepted.some((worker) => hasRoom(worker, limit));
      const isGone = wish.wish === 'only' && !accepted.some(({ isLeaving }) => !isLeaving);
      expect(choice.type).toBe(isSent ? 'send' : isGone ? 'gone' : 'wait');
    }),
  );
});

test('a worker that is asked for and has room is the one', () => {
  fc.assert(
    fc.property(workers, capacity, fc.constantFrom(...IDS), (all, limit, workerId) => {
      fc.pre(all.some((worker) => worker.id === workerId && hasRoom(worker, limit)));
      for (const wish of ['prefer', 'only'] as const) {
        expect(decideWorker(all, limit, { wish, workerId })).toEqual({ type: 'send', workerId });
      }
    }),
  );
});

test('among the others it is the one with the fewest requests, and of those the one used last', () => {
  fc.assert(
    fc.property(workers, capacity, (all, limit) => {
      const choice = decideWorker(all, limit, { wish: 'any' });
      const chosen = choice.type === 'send' ? all.find(({ id }) => id === choice.workerId) : undefined;
      fc.pre(chosen !== undefined);
      for (const other of all.filter((worker) => hasRoom(worker, limit))) {
        expect(chosen?.open).toBeLessThanOrEqual(other.open);
        if (chosen?.open === other.open) expect(chosen.usedAt).toBeGreaterThanOrEqual(other.usedAt);
      }
    }),
  );
});
