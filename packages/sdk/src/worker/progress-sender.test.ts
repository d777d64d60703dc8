import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createProgressSender } from './progress-sender.ts';

/** A server whose answers are given by hand. */
function createSlowServer() {
  const arrived: string[] = [];
  const open: ((isDone: boolean) => void)[] = [];
  return {
    arrived,
    post: (json: string) => {
      arrived.push(json);
      return new Promise<boolean>((resolve) => open.push(resolve));
    },
    answer: (isDone = true) => open.shift()?.(isDone),
    get openCount() {
      return open.length;
    },
  };
}

test('values that come faster than the server takes them are skipped, never the last one', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  for (const value of ['1', '2', '3', '4']) sender.offer(value);
  expect(server.arrived).toEqual(['1']);
  server.answer();
  await clock.settle();
  expect(server.arrived).toEqual(['1', '4']);
});

test('a flush waits for the value under way and sends the last one', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  sender.offer('1');
  sender.offer('2');
  let isFlushed = false;
  const flushed = sender.flush().then(() => {
    isFlushed = true;
  });
  server.answer();
  await clock.settle();
  expect(server.arrived).toEqual(['1', '2']);
  expect(isFlushed).toBe(false);
  server.answer();
  await flushed;
});

test('nothing is sent after a flush', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  await sender.flush();
  sender.offer('late');
  await clock.settle();
  expect(server.arrived).toEqual([]);
});

test('a value that did not arrive is tried again after a pause, unless a newer one is there', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  sender.offer('1');
  server.answer(false);
  await clock.settle();
  expect(server.arrived).toEqual(['1']);
  await clock.advanceToNext();
  expect(server.arrived).toEqual(['1', '1']);
  sender.offer('2');
  server.answer(false);
  await clock.advanceToNext();
  expect(server.arrived).toEqual(['1', '1', '2']);
  server.answer();
  await sender.flush();
});

test('a flush while the server is away tries once more and does not wait for better times', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  sender.offer('1');
  server.answer(false);
  await clock.settle();
  const flushed = sender.flush();
  await clock.settle();
  server.answer(false);
  await flushed;
  expect(server.arrived).toEqual(['1', '1']);
  expect(clock.pending()).toEqual([]);
});

test('a discard waits for the value under way and forgets the rest', async () => {
  const clock = createManualClock();
  const server = createSlowServer();
  const sender = createProgressSender(server.post, clock, () => 0);
  sender.offer('1');
  sender.offer('2');
  const discarded = sender.discard();
  server.answer();
  await discarded;
  expect(server.arrived).toEqual(['1']);
  expect(server.openCount).toBe(0);
});
