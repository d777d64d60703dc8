import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import type { LinkResult } from './gateway-link.ts';
import { createHeartbeat } from './heartbeat.ts';

/** A heartbeat whose pings are answered by hand. */
function createBeating(intervalMs: number, ids: () => readonly string[] = () => []) {
  const clock = createManualClock();
  const ended = new AbortController();
  const pings: string[] = [];
  const answers: ((result: LinkResult) => void)[] = [];
  const heartbeat = createHeartbeat({
    link: ({ url, signal }) =>
      new Promise((answer) => {
        pings.push(url);
        answers.push(answer);
        signal?.addEventListener('abort', () => answer({ kind: 'aborted' }), { once: true });
      }),
    ping: (jobIds, _version, isStopping) => `${jobIds.join('+') || 'idle'}${isStopping ? ' stopping' : ''}`,
    running: { ids },
    intervalMs,
    clock,
  });
  const run = heartbeat.run(ended.signal);
  return {
    clock,
    heartbeat,
    pings,
    async answer() {
      answers.shift()?.({ kind: 'reply', status: 200, text: '', retryAfterMs: undefined });
      await clock.settle();
    },
    async close() {
      ended.abort();
      await run;
    },
  };
}

test('a heartbeat goes out at the start and at each interval, with the jobs of that moment', async () => {
  let ids = ['a'];
  const beating = createBeating(10_000, () => ids);
  await beating.answer();
  ids = ['a', 'b'];
  expect(await beating.clock.advanceToNext()).toBe(10_000);
  expect(beating.pings).toEqual(['a', 'a+b']);
  await beating.close();
  expect(beating.clock.pending()).toEqual([]);
});

test('a slow server makes no heartbeats pile up, and its slowness is not added to the interval', async () => {
  const beating = createBeating(10_000);
  await beating.clock.advance(4_000);
  expect(beating.pings).toHaveLength(1);
  await beating.answer();
  expect(await beating.clock.advanceToNext()).toBe(6_000);
  await beating.clock.advance(50_000);
  expect(beating.pings).toHaveLength(2);
  await beating.answer();
  await beating.clock.advance(0);
  expect(beating.pings).toHaveLength(3);
  await beating.close();
});

test('a stop is announced at once, even while a heartbeat is under way', async () => {
  const beating = createBeating(10_000, () => ['a']);
  beating.heartbeat.announceStop();
  expect(beating.pings).toEqual(['a']);
  await beating.answer();
  expect(beating.pings).toEqual(['a', 'a stopping']);
  await beating.answer();
  expect(await beating.clock.advanceToNext()).toBe(10_000);
  await beating.close();
});

test('an extra heartbeat goes out at once, and the next an interval after it', async () => {
  let ids = ['a', 'b'];
  const beating = createBeating(10_000, () => ids);
  await beating.answer();
  await beating.clock.advance(4_000);
  ids = ['b'];
  beating.heartbeat.beatNow();
  await beating.clock.settle();
  expect(beating.pings).toEqual(['a+b', 'b']);
  await beating.answer();
  expect(await beating.clock.advanceToNext()).toBe(10_000);
  await beating.close();
});

test('the last heartbeat says that nothing runs here any more', async () => {
  const beating = createBeating(10_000);
  await beating.answer();
  beating.heartbeat.announceStop();
  await beating.clock.settle();
  await beating.close();
  const goodbye = beating.heartbeat.goodbye();
  expect(beating.pings.at(-1)).toBe('idle stopping');
  await beating.answer();
  await beating.answer();
  await goodbye;
});

test('a worker without a key or an id sends none', async () => {
  const clock = createManualClock();
  const heartbeat = createHeartbeat({
    link: () => {
      throw new Error('was called');
    },
    ping: undefined,
    running: { ids: () => [] },
    intervalMs: 10,
    clock,
  });
  await heartbeat.run(new AbortController().signal);
  await heartbeat.goodbye();
});
