import { expect, test } from 'vitest';
import { closestName } from './closest-name.ts';

const KEYS = ['worker', 'command', 'cwd', 'env', 'workers', 'executionTimeout', 'idleTimeout', 'ttl'];

test.each([
  ['idleTimout', 'idleTimeout'],
  ['idle_timeout', 'idleTimeout'],
  ['ExecutionTimeout', 'executionTimeout'],
  ['comand', 'command'],
  ['wokrers', 'workers'],
  ['cdw', 'cwd'],
])('%s is taken for a slip of %s', (slip, meant) => {
  expect(closestName(slip, KEYS)).toBe(meant);
});

test.each(['volumes', 'x', 'image', ''])('%j is near to no key', (name) => {
  expect(closestName(name, KEYS)).toBeUndefined();
});
