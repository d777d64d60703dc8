import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { logLine } from './log-line.ts';

const plain = (json: string) => stripVTControlCharacters(logLine(json));

test('a line of the JSON log reads as a sentence with its details', () => {
  const line = plain('{"level":30,"time":0,"worker":"w1","pid":7,"msg":"starting a worker"}');
  expect(line).toMatch(/^\d\d:\d\d:\d\d info {2}starting a worker worker=w1 pid=7$/);
});

test('an error shows its message, not its stack', () => {
  const line = plain(
    '{"level":50,"time":0,"err":{"message":"disk full","stack":"Error\\n at x"},"msg":"failed"}',
  );
  expect(line).toContain('error failed (disk full)');
  expect(line).not.toContain('at x');
});

test('what the error says is not said twice', () => {
  const line = plain('{"level":50,"time":0,"err":{"message":"the disk is full"},"msg":"the disk is full"}');
  expect(line).toMatch(/error the disk is full$/);
  const more = plain('{"level":50,"time":0,"err":{"message":"no room: ENOSPC"},"msg":"no room"}');
  expect(more).toMatch(/error no room \(ENOSPC\)$/);
});
