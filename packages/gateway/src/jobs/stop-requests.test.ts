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
    expect(stops.takeOverdue()).toEqual([{ workerId: 'w1', wireIds: ['job-a'] }]);
    expect(stops.takeOverdue()).toEqual([]);
  });

  it('name an overdue worker again only with a further attempt, and then with all of them', async () => {
    const clock = createManualClock();
    const stops = createStopRequests({ clock });
    stops.add('w1', 'job-a', GRACE_MS);
    await clock.advance(GRACE_MS);
    stops.takeOverdue();
    stops.add('w1', 'job-b', GRACE_MS);
    expect(stops.takeOverdue()).toEqual([]);
    await clock.advance(GRACE_MS);
    expect(stops.takeOverdue()).toEqual([{ workerId: 'w1', wireIds: ['job-a', 'job-b'] }]);
  });

  describe('of a worker that is overdue', () => {
    async function overdue() {
      const clock = createManualClock();
      const settled: string[] = [];
      const stops = createStopRequests({ clock, onSettled: (workerId) => settled.push(workerId) });
      for (const wireId of ['job-a', 'job-b']) stops.add('w1', wireId, GRACE_MS);
      await clock.advance(GRACE_MS);
      stops.takeOverdue();
      return { stops, settled };
    }

    it('stay until it has reported the end of the last of them', async () => {
      const { stops, settled } = await overdue();
      stops.obeyed('w1', 'job-a');
      stops.stillRuns('w1', new Set(['job-b']));
      expect(settled).toEqual([]);
      stops.obeyed('w1', 'job-b');
      expect(settled).toEqual(['w1']);
    });

    it('stay until its heartbeats name none of them, also when it never asked what to stop', async () => {
      const { stops, settled } = await overdue();
      stops.stillRuns('w1', new Set(['job-b', 'another']));
      expect(settled).toEqual([]);
      stops.stillRuns('w1', new Set(['another']));
      expect(settled).toEqual(['w1']);
    });

    it('are settled by free hands, once', async () => {
      const { stops, settled } = await overdue();
      stops.freeHands('w1');
      stops.freeHands('w1');
      expect(settled).toEqual(['w1']);
    });

    it('end with it, without a word', async () => {
      const { stops, settled } = await overdue();
      stops.forget('w1');
      stops.freeHands('w1');
      expect(settled).toEqual([]);
    });
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
    expect(stops.takeOverdue()).toEqual([{ workerId: 'w1', wireIds: ['job-a'] }]);
  });

  describe('of a worker that runs several jobs and asks for more', () => {
    const HEARTBEAT_MS = 10_000;
    const GRACE_IS_OVER = GRACE_MS + 1_000;

    async function told({ asksLater = false, asksAlready = false, isTold = true } = {}) {
      const clock = createManualClock();
      const stops = createStopRequests({ clock, heartbeatMs: HEARTBEAT_MS, isAsking: () => asksAlready });
      stops.add('w1', 'job-a', GRACE_MS);
      if (isTold) await stops.poll('w1', HOLD_MS, here);
      if (asksLater) stops.asks('w1');
      await clock.advance(GRACE_IS_OVER);
      return { clock, stops };
    }
    const overdue = [{ workerId: 'w1', wireIds: ['job-a'] }];

    it('are not held against it after the grace time, since it may have stopped', async () => {
      for (const asking of [{ asksLater: true }, { asksAlready: true }]) {
        const { clock, stops } = await told(asking);
        expect(stops.takeOverdue()).toEqual([]);
        stops.stillRuns('w1', new Set(['another']));
        await clock.advance(10 * HEARTBEAT_MS);
        expect(stops.takeOverdue()).toEqual([]);
      }
    });

    it('are overdue once a heartbeat from after the grace time names them', async () => {
      const { stops } = await told({ asksLater: true });
      stops.stillRuns('w1', new Set(['job-a', 'another']));
      expect(stops.takeOverdue()).toEqual(overdue);
    });

    it('are overdue when it says nothing for two heartbeats', async () => {
      const { clock, stops } = await told({ asksLater: true });
      await clock.advance(2 * HEARTBEAT_MS - 1_001);
      expect(stops.takeOverdue()).toEqual([]);
      await clock.advance(1);
      expect(stops.takeOverdue()).toEqual(overdue);
    });

    it('are overdue with the grace time when it never asked what to stop', async () => {
      const { stops } = await told({ asksLater: true, isTold: false });
      expect(stops.takeOverdue()).toEqual(overdue);
    });
  });
});
