import { expect, test } from 'vitest';
import { parseTakenJob } from './taken-job.ts';

test('the handler sees all that was sent, without our own marker', () => {
  const taken = parseTakenJob({ id: 'j', input: { a: 1 }, batchId: 'b', _spillway: { attempt: 2 } });
  expect(taken).toMatchObject({
    job: { id: 'j', input: { a: 1 }, batchId: 'b' },
    attempt: 2,
    problem: undefined,
  });
});

test('who submitted a job is told by our server: the admin where it names nobody', () => {
  const submitterOf = (marker?: object) => parseTakenJob({ id: 'j', _spillway: marker })?.submitter;
  expect(submitterOf({ attempt: 1, submitter: 'k1' })).toBe('k1');
  expect(submitterOf({ attempt: 1 })).toBe('admin');
  expect(submitterOf()).toBeUndefined();
});

test('a server that is not ours tells no attempt', () => {
  expect(parseTakenJob({ id: 'j', input: {} })?.attempt).toBeUndefined();
  expect(parseTakenJob({ id: 'j', input: {}, _spillway: { attempt: 'two' } })?.attempt).toBeUndefined();
});

test('a job without input has an empty one', () => {
  expect(parseTakenJob({ id: 'j' })?.job.input).toEqual({});
  expect(parseTakenJob({ id: 'j', input: null })?.problem).toBeUndefined();
});

test('an input that is no object is a problem of the job', () => {
  expect(parseTakenJob({ id: 'j', input: [1] })?.problem).toBe('input: expected a JSON object.');
});

test('what has no id is no job', () => {
  for (const value of [null, 'j', [], {}, { id: 5, input: {} }, { id: '', input: {} }]) {
    expect(parseTakenJob(value)).toBeUndefined();
  }
});
