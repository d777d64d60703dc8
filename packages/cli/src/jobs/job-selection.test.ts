import { expect, test } from 'vitest';
import { selectionOf } from './job-selection.ts';

const NOW = Date.UTC(2026, 10, 20, 8);

test('times are so long ago, or dates', () => {
  expect(selectionOf({ since: '2h', until: '90s' }, NOW)).toEqual({
    since: NOW - 7_200_000,
    until: NOW - 90_000,
  });
  expect(selectionOf({ since: '2026-11-20T07:59:59Z' }, NOW)).toEqual({ since: NOW - 1_000 });
  expect(() => selectionOf({ since: 'yesterday' }, NOW)).toThrow(/--since: expected a time such as 2h/);
});

test('states may be written as people do, and what is absent stays so', () => {
  expect(selectionOf({ status: 'timed-out', tag: 'a', endpoint: 'e' }, NOW)).toEqual({
    status: 'TIMED_OUT',
    tag: 'a',
    endpoint: 'e',
  });
  expect(selectionOf({}, NOW)).toEqual({});
});
