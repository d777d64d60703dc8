import { expect, test } from 'vitest';
import { createSystemClock } from './clock.ts';
import { createManualClock } from './manual-clock.ts';

test('an aborted wait ends at once and does not reject', async () => {
  const clock = createSystemClock();
  const stop = new AbortController();
  const wait = clock.sleep(Number.POSITIVE_INFINITY, stop.signal);
  stop.abort();
  await wait;
  await clock.sleep(Number.POSITIVE_INFINITY, stop.signal);
});

test('a wait that is over leaves no listener on a signal that lives on', async () => {
  const added: string[] = [];
  const removed: string[] = [];
  const signal = new AbortController().signal;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (name: string, ...rest: [never]) => {
    added.push(name);
    addEventListener.call(signal, name, ...rest);
  };
  signal.removeEventListener = (name: string, ...rest: [never]) => {
    removed.push(name);
    removeEventListener.call(signal, name, ...rest);
  };
  await createSystemClock().sleep(0, signal);
  expect(added).toEqual(['abort']);
  expect(removed).toEqual(['abort']);
});

test('a clock goes on from where it was, though the wall clock was set back meanwhile', () => {
  const before = Date.now() + 86_400_000;
  expect(createSystemClock(before).now()).toBeGreaterThanOrEqual(before);
  expect(createSystemClock(1_000).now()).toBeGreaterThan(1_700_000_000_000);
});

test('the manual clock wakes waits in the order of their times', async () => {
  const clock = createManualClock();
  const woken: string[] = [];
  void clock.sleep(20).then(() => woken.push('late'));
  void clock.sleep(10).then(() => woken.push('early'));
  await clock.advance(15);
  expect(woken).toEqual(['early']);
  expect(clock.pending()).toEqual([5]);
  expect(await clock.advanceToNext()).toBe(5);
  expect(woken).toEqual(['early', 'late']);
});
