import { expect, test } from 'vitest';
import { createWorkerLog, parseLogLevel } from './log.ts';

function logTo(lines: string[], format: 'json' | 'text', level: 'debug' | 'warn' = 'debug') {
  return createWorkerLog({ write: (line) => lines.push(line), format, level, secrets: ['s3cret', ''] });
}

test('on an endpoint each line is the JSON object that the platform reads', () => {
  const lines: string[] = [];
  const log = logTo(lines, 'json');
  log.info('up');
  log.forJob('j1').warn('line 1\nline 2');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { requestId: null, message: 'up', level: 'INFO' },
    { requestId: 'j1', message: 'line 1\nline 2', level: 'WARN' },
  ]);
});

test('for people it is plain text', () => {
  const lines: string[] = [];
  const log = logTo(lines, 'text');
  log.error('down');
  log.forJob('j1').debug('detail');
  expect(lines).toEqual(['ERROR | down', 'DEBUG | j1 | detail']);
});

test('lines below the level are left out', () => {
  const lines: string[] = [];
  const log = logTo(lines, 'text', 'warn');
  log.info('quiet');
  log.error('loud');
  expect(lines).toEqual(['ERROR | loud']);
});

test('a secret never reaches the log, not even inside a message of others', () => {
  const lines: string[] = [];
  logTo(lines, 'json').forJob('j').info('called with s3cret twice: s3cret');
  expect(lines[0]).not.toContain('s3cret');
  expect(lines[0]).toContain('called with *** twice: ***');
});

test('the level comes from RunPod’s variable, the older name included', () => {
  expect(parseLogLevel({})).toBe('debug');
  expect(parseLogLevel({ RUNPOD_LOG_LEVEL: 'ERROR' })).toBe('error');
  expect(parseLogLevel({ RUNPOD_DEBUG_LEVEL: 'WARNING' })).toBe('warn');
  expect(parseLogLevel({ RUNPOD_LOG_LEVEL: 'loud' })).toBe('debug');
});
