import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BREAKER_RULES,
  type Breaker,
  type BreakerEvent,
  CLOSED,
  decideAdmission,
  nextBreaker,
} from './breaker.ts';

const problem = fc.constantFrom(undefined, 'it answered 500');
const events: fc.Arbitrary<BreakerEvent> = fc.oneof(
  fc.record({
    type: fc.constant('called' as const),
    latencyMs: fc.integer({ min: 0, max: 60_000 }),
    problem,
  }),
  fc.record({ type: fc.constant('health' as const), problem }),
  fc.constant({ type: 'trial' as const }),
  fc.constant({ type: 'trial-void' as const }),
);
const history = fc.array(fc.record({ event: events, waitMs: fc.integer({ min: 0, max: 90_000 }) }), {
  maxLength: 80,
});

function run(steps: readonly { event: BreakerEvent; waitMs: number }[]): { breaker: Breaker; now: number } {
  let breaker: Breaker = CLOSED;
  let now = 0;
  for (const { event, waitMs } of steps) {
    now += waitMs;
    breaker = nextBreaker(breaker, event, now);
  }
  return { breaker, now };
}

test('whatever happened, it recovers by one good answer about its health and one good call', () => {
  fc.assert(
    fc.property(history, (steps) => {
      let { breaker, now } = run(steps);
      if (breaker.state === 'open') now = Math.max(now, breaker.until);
      breaker = nextBreaker(breaker, { type: 'health' }, now);
      breaker = nextBreaker(breaker, { type: 'called', latencyMs: 10 }, now);
      expect(breaker.state).toBe('closed');
    }),
  );
});

test('an open one lets nothing through, and stays open no longer than the longest pause', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { breaker, now } = run(steps);
      if (breaker.state !== 'open') return;
      expect(breaker.until - now).toBeLessThanOrEqual(BREAKER_RULES.longestOpenMs);
      expect(['none', 'probe']).toContain(decideAdmission(breaker, now));
      expect(decideAdmission(breaker, breaker.until)).toBe('probe');
    }),
  );
});

test('one on trial lets one job through at a time', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { breaker, now } = run(steps);
      if (breaker.state !== 'half-open') return;
      expect(decideAdmission(nextBreaker(breaker, { type: 'trial' }, now), now)).toBe('none');
    }),
  );
});

test('good and quick calls never open it', () => {
  const latencies = fc.array(fc.integer({ min: 0, max: BREAKER_RULES.slowMs }), { maxLength: 200 });
  fc.assert(
    fc.property(latencies, (all) => {
      const steps = all.map((latencyMs) => ({ event: { type: 'called' as const, latencyMs }, waitMs: 100 }));
      expect(run(steps).breaker.state).toBe('closed');
    }),
  );
});

test.each([
  ['failing', { type: 'called' as const, latencyMs: 1, problem: 'it answered 500' }],
  ['slow', { type: 'called' as const, latencyMs: 30_000 }],
])('three %s calls in a row open it, and it says why', (_, event) => {
  const { breaker } = run([event, event, event].map((one) => ({ event: one, waitMs: 0 })));
  expect(breaker).toMatchObject({ state: 'open', reason: expect.stringMatching(/500|30 s/) });
});
