import { expect, test } from 'vitest';
import {
  type HealthObservation,
  lostReason,
  nextHealth,
  OUT_LIMIT_MS,
  startHealth,
  type WorkerHealth,
} from './worker-health.ts';

const T0 = 1_000_000;
const INIT_MS = 420_000;
const ok: HealthObservation = { type: 'status', status: 200 };
const refused: HealthObservation = { type: 'refused', detail: 'ECONNREFUSED' };
const silent: HealthObservation = { type: 'silent', afterMs: 5_000 };

/** The health after observations of the given times, and whether the worker is given up then. */
function observe(steps: readonly [at: number, seen: HealthObservation, isBusy?: boolean][]) {
  let health: WorkerHealth = startHealth(T0);
  let lost: string | undefined;
  for (const [at, seen, isBusy = false] of steps) {
    health = nextHealth(health, seen, { now: T0 + at, isBusy });
    lost = lostReason(health, seen, { now: T0 + at, initTimeoutMs: INIT_MS });
  }
  return { state: health.state, lost };
}

test('a worker is starting until its first 200, however it answers before', () => {
  const steps: [number, HealthObservation][] = [
    [0, refused],
    [100, { type: 'status', status: 204 }],
    [200, { type: 'status', status: 503 }],
    [OUT_LIMIT_MS * 2, silent],
  ];
  expect(observe(steps)).toEqual({ state: 'starting', lost: undefined });
  expect(observe([...steps, [OUT_LIMIT_MS * 3, ok]])).toEqual({ state: 'healthy', lost: undefined });
});

test.each<[string, HealthObservation]>([
  ['500', { type: 'status', status: 500 }],
  ['204', { type: 'status', status: 204 }],
  ['a redirect', { type: 'status', status: 302 }],
  ['a refused connection', refused],
  ['silence', silent],
])('%s takes a healthy worker out of the rotation, and 200 brings it back', (_, seen) => {
  expect(
    observe([
      [0, ok],
      [10, seen],
    ]),
  ).toEqual({ state: 'out', lost: undefined });
  expect(
    observe([
      [0, ok],
      [10, seen],
      [20, ok],
    ]),
  ).toEqual({ state: 'healthy', lost: undefined });
});

test('a worker that stays out is given up, with the last reason', () => {
  const until = (at: number) =>
    observe([
      [0, ok],
      [10, refused],
      [at, { type: 'status', status: 500 }],
    ]).lost;
  expect(until(OUT_LIMIT_MS + 9)).toBeUndefined();
  expect(until(OUT_LIMIT_MS + 10)).toBe('its health check answered 500 for 30 s');
});

test('one that says that it initialises again has as long as a start', () => {
  const again: HealthObservation = { type: 'status', status: 204 };
  expect(
    observe([
      [0, ok],
      [10, again],
      [OUT_LIMIT_MS + 10, again],
    ]).lost,
  ).toBeUndefined();
  expect(
    observe([
      [0, ok],
      [10, again],
      [INIT_MS + 10, again],
    ]).lost,
  ).toContain('answered 204 for 420 s');
});

test('a worker too busy to answer is out, but is not given up before its requests are over', () => {
  const busy: [number, HealthObservation, boolean][] = [
    [10, silent, true],
    [OUT_LIMIT_MS * 5, silent, true],
  ];
  expect(observe([[0, ok], ...busy])).toEqual({ state: 'out', lost: undefined });
  const idle: [number, HealthObservation] = [OUT_LIMIT_MS * 6, silent];
  expect(observe([[0, ok], ...busy, idle]).lost).toBe('its health check got no answer within 5 s for 30 s');
});
