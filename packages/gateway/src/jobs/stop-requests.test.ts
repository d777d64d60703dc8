import { createManualClock } from '@spillway/sdk/clock';
import { describe, expect, it } from 'vitest';
import { createStopRequests } from './stop-requests.ts';

const HOLD_MS = 20_000;
const GRACE_MS = 5_000;
const here = new AbortController().signal;

describe('stop requests', () => {
  it('reach the worker that polls, once each', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    const open = stops.poll('w1', HOLD_MS, here);
    stops.add('w1', 'job-a', GRACE_MS);
    expect(await open).toEqual(['job-a']);
    stops.add('w1', 'job-b', GRACE_MS);
    expect(await stops.poll('w1', HOLD_MS, here)).toEqual(['job-b']);
  });

  it('are held for a worker that has none, then answered empty', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    const open = stops.poll('w1', HOLD_MS, here);
    stops.add('other', 'job-a', GRACE_MS);
    await clock.advance(HOLD_MS);
    expect(await open).toEqual([]);
  });

  it('report a worker that runs on past the grace time, once', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    stops.add('w1', 'job-a', GRACE_MS);
    await clock.advance(GRACE_MS - 1);
    expect(stops.takeOverdue()).toEqual([]);
    await clock.advance(1);
    expect(stops.takeOverdue()).toEqual(['w1']);
    expect(stops.takeOverdue()).toEqual([]);
  });

  it('are settled by a report, or by a heartbeat that no longer names the job', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    stops.add('w1', 'job-a', GRACE_MS);
    stops.add('w2', 'job-b', GRACE_MS);
    stops.obeyed('w1', 'job-a');
    await stops.poll('w2', HOLD_MS, here);
    stops.stillRuns('w2', new Set(['another']));
    await clock.advance(GRACE_MS);
    expect(stops.takeOverdue()).toEqual([]);
  });

  it('are settled by a worker that comes with free hands, even one that never polls for them', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    stops.add('w1', 'job-a', GRACE_MS);
    stops.freeHands('w1');
    await clock.advance(GRACE_MS);
    expect(stops.takeOverdue()).toEqual([]);
  });

  it('are not settled by a heartbeat from before the worker heard of them', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    stops.add('w1', 'job-a', GRACE_MS);
    stops.stillRuns('w1', new Set());
    await clock.advance(GRACE_MS);
    expect(stops.takeOverdue()).toEqual(['w1']);
  });
});
