import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRoute, type LocalView, type RouteInput, waitNeededMs } from './decide-route.ts';

const NOW = 1_000_000;
const local: fc.Arbitrary<LocalView> = fc.oneof(
  fc.constant({ type: 'none' as const }),
  fc.record({ type: fc.constant('able' as const), freeHands: fc.nat({ max: 3 }) }),
  fc.constant({ type: 'unable' as const, why: 'workers crash' }),
);
const inputs: fc.Arbitrary<RouteInput> = fc
  .record({
    rule: fc.record({ queueDelayMs: fc.integer({ min: 0, max: 60_000 }), onUnhealthy: fc.boolean() }),
    local,
    room: fc.integer({ min: 0, max: 10 }),
    waits: fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 20 }),
  })
  .map(({ waits, ...rest }) => ({
    ...rest,
    now: NOW,
    waiting: waits.map((wait, index) => ({ id: `job-${index}`, since: NOW - wait })),
    ...(waits.length === 0 ? {} : { oldestSince: NOW - Math.max(...waits) }),
  }));

test('no job goes before the rule allows, none twice, and no more than there is room for', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const ids = decideRoute(input).spill.map(({ jobId }) => jobId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeLessThanOrEqual(input.room);
      for (const { id, since } of input.waiting)
        if (ids.includes(id)) expect(NOW - since).toBeGreaterThanOrEqual(waitNeededMs(input));
    }),
  );
});

test('nothing starves: with room every job that is due goes, and the next look comes within half a second of waiting', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { spill, lookAgainAt } = decideRoute(input);
      const due = input.waiting.filter(({ since }) => NOW - since >= waitNeededMs(input));
      expect(spill.length).toBe(Math.min(input.room, due.length));
      if (input.waiting.length === 0) return;
      expect(lookAgainAt).toBeGreaterThan(NOW);
      expect(lookAgainAt).toBeLessThanOrEqual(NOW + 500);
    }),
  );
});

test('of those that are due the next to be delivered go first, and each says why', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const due = input.waiting.filter(({ since }) => NOW - since >= waitNeededMs(input));
      const { spill } = decideRoute(input);
      expect(spill.map(({ jobId }) => jobId)).toEqual(due.slice(0, spill.length).map(({ id }) => id));
      const codes = { none: 'ONLY_BACKEND', able: 'QUEUE_DELAY', unable: 'LOCAL_UNABLE' };
      const code =
        input.local.type === 'unable' && !input.rule.onUnhealthy ? 'QUEUE_DELAY' : codes[input.local.type];
      expect(spill.every(({ reason }) => reason.code === code && reason.message !== '')).toBe(true);
    }),
  );
});
