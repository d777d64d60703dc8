import { type Clock, createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { createScheduler } from './scheduler.ts';

const AT_0630 = Date.parse('2026-11-20T06:30:00Z');

/** A scheduler of these endpoints over workers that start and stop at once. */
function startScheduler(clock: Clock, endpoints: Iterable<Endpoint>) {
  const workers = new Map<string, { id: string; state: 'idle'; jobs: 0; idleSince: number }>();
  const scheduler = createScheduler({
    clock,
    endpoints,
    queue: { snapshot: () => ({ queued: 0, queuedLowPriority: 0, inProgress: 0 }) },
    log: { warn: () => {} },
    fleet: {
      workers: () => [...workers.values()],
      startsAllowed: () => Number.POSITIVE_INFINITY,
      nextStartAt: () => 0,
      startWorker() {
        const id = `w${workers.size + 1}`;
        workers.set(id, { id, state: 'idle', jobs: 0, idleSince: clock.now() });
        return id;
      },
      stopWorker: async (id) => void workers.delete(id),
      onChange: () => () => {},
    },
  });
  scheduler.start();
  return { scheduler, workers };
}

test('a warm window starts its workers when it opens and lets them go when it closes, without any job', async () => {
  // In UTC; the window opens at 07:00 and closes at 08:00.
  const clock = createManualClock(AT_0630);
  const window = { days: [5], fromMinute: 420, toMinute: 480, min: 2, timeZone: 'UTC' };
  const endpoint = newTestEndpoint({ workers: { min: 0, max: 3, idleTimeoutMs: 5_000, warm: [window] } });
  const { scheduler, workers } = startScheduler(clock, [endpoint]);
  await clock.advance(29 * 60_000);
  expect(workers.size).toBe(0);
  await clock.advance(60_000);
  expect(workers.size).toBe(2);
  await clock.advance(59 * 60_000);
  expect(workers.size).toBe(2);
  await clock.advance(2 * 60_000);
  expect(workers.size).toBe(0);
  await scheduler.stop();
});

test('a window that is set while the gateway runs acts at once, and ends when it is taken back', async () => {
  const clock = createManualClock(AT_0630);
  const endpoints = createTestDirectory(newTestEndpoint());
  const { scheduler, workers } = startScheduler(clock, endpoints);
  endpoints.watch(() => scheduler.poke());
  await clock.settle();
  expect(workers.size).toBe(0);
  const warm = [{ days: 'fri', from: '06:00', to: '08:00', min: 2, timeZone: 'UTC' }];
  endpoints.change('mine', { workers: { warm } });
  // Looks are so far apart at least.
  await clock.advance(50);
  expect(workers.size).toBe(2);
  endpoints.reset('mine');
  await clock.advance(6_000);
  expect(workers.size).toBe(0);
  await scheduler.stop();
});
