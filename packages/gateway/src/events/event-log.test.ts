import { expect, test } from 'vitest';
import { createEventLog, type LoggedEvent } from './event-log.ts';

const event = (jobId: string): LoggedEvent => ({ type: 'job.queued', at: 1, endpoint: 'echo', jobId });
const jobsOf = (events: readonly LoggedEvent[] | undefined) => events?.map(({ jobId }) => jobId);

test('events are read in order, in parts, from any number that is still kept', () => {
  const log = createEventLog('run', 3);
  expect(log.after(0, 10)).toEqual([]);
  for (const id of ['a', 'b', 'c']) log.append(event(id));
  expect(jobsOf(log.after(0, 2))).toEqual(['a', 'b']);
  expect(jobsOf(log.after(2, 10))).toEqual(['c']);
  log.append(event('d'));
  expect(jobsOf(log.after(1, 10))).toEqual(['b', 'c', 'd']);
  expect(log.after(0, 10)).toBeUndefined();
  expect(log.oldest()).toBe(1);
});

test('an id leads back to its number in this run, while what follows it is kept', () => {
  const log = createEventLog('run', 2);
  for (const id of ['a', 'b', 'c']) log.append(event(id));
  expect(log.numberOf(log.idOf(3))).toBe(3);
  expect(log.numberOf(log.idOf(1))).toBe(1);
  expect(log.numberOf(log.idOf(0))).toBeUndefined();
  expect(log.numberOf('other-3')).toBeUndefined();
  expect(log.numberOf(log.idOf(4))).toBeUndefined();
  expect(log.numberOf('rubbish')).toBeUndefined();
});

test('listeners hear of every event until they leave', () => {
  const log = createEventLog('run');
  let heard = 0;
  const leave = log.watch(() => {
    heard += 1;
  });
  log.append(event('a'));
  leave();
  log.append(event('b'));
  expect(heard).toBe(1);
});
