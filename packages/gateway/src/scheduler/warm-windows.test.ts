import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createScheduler } from './scheduler.ts';

test('a warm window starts its workers when it opens and lets them go when it closes, without any job', async () => {
  // 06:30 in UTC; the window opens at 07:00 and closes at 08:00.
  const clock = createManualClock(Date.parse('2026-11-20T06:30:00Z'));
  const window = { days: [5], fromMinute: 420, toMinute: 480, min: 2, timeZone: 'UTC' };
  const endpoint = newTestEndpoint({ workers: { min: 0, max: 3, idleTimeoutMs: 5_000, warm: [window] } });
  const workers = new Map<string, { id: string; state: 'idle'; jobs: 0; idleSince: number }>();
  const scheduler = createScheduler({
    clock,
    endpoints: [endpoint],
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
