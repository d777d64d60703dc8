import { expect, test } from 'vitest';
import { readJsonObject } from '../lib/json-slices.ts';
import { healthProblem } from './remote-health.ts';
import { remoteOutcome } from './remote-outcome.ts';

function outcomeOf(text: string) {
  const { slices, value } = readJsonObject(text);
  return remoteOutcome(slices, value);
}

test('a result keeps its digits', () => {
  expect(outcomeOf('{"id":"a","output":{"n":1.0,"big":12345678901234567890},"status":"COMPLETED"}')).toEqual({
    type: 'completed',
    output: '{"n":1.0,"big":12345678901234567890}',
  });
});

test('an error of the handler is the job’s own, with what it returned beside it', () => {
  expect(outcomeOf('{"error":"no face found","output":{"error_code":7},"status":"FAILED"}')).toEqual({
    type: 'failed',
    report: { error: 'no face found', output: '{"error_code":7}' },
  });
});

test('a job that ran out of its execution time has failed for good', () => {
  expect(outcomeOf('{"error":"executionTimeout exceeded","status":"FAILED"}')).toMatchObject({
    type: 'failed',
    report: { failureType: 'EXECUTION_TIMEOUT' },
  });
});

test.each([
  ['{"error":"job timed out after 1 retries","retries":1,"status":"FAILED"}', 'WORKER_CRASHED'],
  ['{"status":"TIMED_OUT"}', 'LEASE_EXPIRED'],
  ['{"status":"CANCELLED"}', 'WORKER_CRASHED'],
])('%s is no fault of the job, and it comes home', (text, type) => {
  expect(outcomeOf(text)).toMatchObject({ type: 'lost', failure: { type } });
});

test.each(['IN_QUEUE', 'IN_PROGRESS', 'RUNNING', 'SOMETHING_NEW'])('%s is not the end', (status) => {
  expect(outcomeOf(`{"status":"${status}"}`)).toBeUndefined();
});

test.each([
  [{ idle: 0, ready: 0, running: 0, initializing: 0, throttled: 0, unhealthy: 0 }, undefined],
  [{ idle: 0, ready: 0, running: 1, initializing: 0, throttled: 2, unhealthy: 1 }, undefined],
  [{ idle: 0, ready: 0, running: 0, initializing: 0, throttled: 1, unhealthy: 0 }, /throttled/],
  [{ idle: 0, ready: 0, running: 0, initializing: 0, throttled: 0, unhealthy: 2 }, /unhealthy/],
])('an endpoint with workers %j is judged by them', (workers, problem) => {
  const said = healthProblem({ type: 'answered', slices: new Map(), value: { workers } });
  if (problem) expect(said).toMatch(problem);
  else expect(said).toBeUndefined();
});
