import { expect, test } from 'vitest';
import { createRunningJobs } from './running-jobs.ts';

test('a job that already runs here is not started again', async () => {
  const running = createRunningJobs();
  const end = Promise.withResolvers<void>();
  let starts = 0;
  const run = () => {
    starts += 1;
    return end.promise;
  };
  expect(running.start('a', run)).toBe(true);
  expect(running.start('a', run)).toBe(false);
  end.resolve();
  await running.settled();
  expect(starts).toBe(1);
  expect(running.start('a', run)).toBe(true);
});

test('a stopped job keeps its place until its handler has ended', async () => {
  const running = createRunningJobs();
  const end = Promise.withResolvers<void>();
  running.start('a', () => end.promise);
  expect(running.stop('a')).toBe(true);
  expect(running.stop('a')).toBe(false);
  expect(running.ids()).toEqual(['a']);
  end.resolve();
  await running.settled();
  expect(running.size).toBe(0);
});

test('the end of a stopped job is told when it no longer runs, that of others is not', async () => {
  const told: (readonly string[])[] = [];
  const running = createRunningJobs({ onStopped: () => told.push(running.ids()) });
  const ends = new Map(['a', 'b', 'c'].map((id) => [id, Promise.withResolvers<void>()]));
  for (const [id, end] of ends) running.start(id, () => end.promise);
  running.stop('b');
  expect(told).toEqual([]);
  ends.get('b')?.resolve();
  while (running.size === 3) await running.changed();
  await Promise.resolve();
  expect(told).toEqual([['a', 'c']]);
  for (const end of ends.values()) end.resolve();
  await running.settled();
  expect(told).toHaveLength(1);
});

test('a batch is known whole before the first handler runs', async () => {
  const running = createRunningJobs();
  const seen: (readonly string[])[] = [];
  for (const id of ['a', 'b']) {
    running.start(id, async () => void seen.push(running.ids()));
  }
  await running.settled();
  expect(seen).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('a job that gave its place away still runs, until it has ended', async () => {
  const running = createRunningJobs();
  const end = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<void>();
  running.start('a', async (_signal, freePlace) => {
    freePlace();
    handled.resolve();
    await end.promise;
  });
  expect(running.placesTaken).toBe(1);
  await handled.promise;
  expect([running.placesTaken, running.size, running.ids()]).toEqual([0, 1, ['a']]);
  end.resolve();
  await running.settled();
  expect([running.placesTaken, running.size]).toEqual([0, 0]);
});
