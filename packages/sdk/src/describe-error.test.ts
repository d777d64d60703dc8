import { expect, test } from 'vitest';
import { describeNetworkError, detailOf } from './describe-error.ts';

test('the reason that fetch hides in "cause" is shown', () => {
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
  expect(describeNetworkError(new TypeError('fetch failed', { cause: refused }))).toBe(refused.message);
  const both = new AggregateError([refused, new Error('connect ECONNREFUSED ::1:1')]);
  expect(describeNetworkError(new TypeError('fetch failed', { cause: both }))).toBe(refused.message);
  expect(describeNetworkError(new TypeError('fetch failed'))).toBe('fetch failed');
  expect(describeNetworkError('odd')).toBe('odd');
});

test('the sentence of an error body is found under each key that RunPod uses', () => {
  expect(detailOf('{"status":404,"title":"Not Found","detail":"job not found"}')).toBe('job not found');
  expect(detailOf('{"error":"not allowed for QB API"}')).toBe('not allowed for QB API');
  expect(detailOf('{"message":"gone"}')).toBe('gone');
});

test("a proxy's page is cut to one short line", () => {
  const detail = detailOf(`<html>\n  <h1>502</h1>${'x'.repeat(1_000)}</html>`);
  expect(detail.startsWith('<html> <h1>502</h1>')).toBe(true);
  expect(detail.length).toBe(200);
});
