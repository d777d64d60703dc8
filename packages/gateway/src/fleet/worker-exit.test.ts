import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { describeExit, describeFailedStart } from './worker-exit.ts';

test.each([
  [{ code: 1, signal: null }, 'exited with code 1'],
  [{ code: null, signal: 'SIGKILL' }, 'was killed by SIGKILL (out of memory?)'],
  [{ code: null, signal: 'SIGSEGV' }, 'was killed by SIGSEGV'],
] as const)('%j reads: the worker %s', (exit, text) => {
  expect(describeExit(exit)).toBe(text);
});

test('a program that is not there, and one that may not be run, name the setting', () => {
  const endpoint = newTestEndpoint({ command: ['pyton3', 'x.py'], cwd: '/site' });
  const missing = describeFailedStart({ code: 127, signal: null }, endpoint);
  expect(missing).toContain('`pyton3` (endpoints.mine.command) was not found');
  expect(describeFailedStart({ code: 126, signal: null }, endpoint)).toContain('chmod +x');
});
