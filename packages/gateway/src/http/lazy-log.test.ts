import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { LazyLog } from './lazy-log.ts';

let lines: Record<string, unknown>[];
const newLog = (level: string) =>
  pino({ level, base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
beforeEach(() => {
  lines = [];
});

test('it says what its parent was given, and what is below the level is not said', () => {
  const parent = newLog('info').child({ run: 'r' });
  const request = new LazyLog(parent, { requestId: 'a' });
  request.debug('small');
  expect(lines).toEqual([]);
  request.info({ more: 1 }, 'hello %s', 'you');
  request.error(new Error('broken'));
  expect(lines).toMatchObject([
    { run: 'r', requestId: 'a', more: 1, msg: 'hello you' },
    { run: 'r', requestId: 'a', level: 50, err: { message: 'broken' } },
  ]);
});

test('a level that is changed later counts', () => {
  const parent = newLog('info');
  const plain = new LazyLog(parent, {});
  plain.debug('not heard');
  parent.level = 'debug';
  plain.debug('heard now');
  expect(lines.map(({ msg }) => msg)).toEqual(['heard now']);
});

test('a child is made when it logs, and once', () => {
  const parent = newLog('info');
  let made = 0;
  const child = parent.child.bind(parent);
  parent.child = ((...given: Parameters<typeof child>) => {
    made += 1;
    return child(...given);
  }) as typeof parent.child;
  const log = new LazyLog(parent, { requestId: 'a' });
  log.debug('small');
  expect(made).toBe(0);
  log.info('one');
  log.warn('two');
  expect(made).toBe(1);
  expect(lines).toHaveLength(2);
});
