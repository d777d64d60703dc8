import { createManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { GatewayError } from '../errors.ts';
import { createErrorLog } from './error-log.ts';

it('errors that may each have a cause of their own are all logged', () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const errorLog = createErrorLog(createManualClock());
  for (const code of ['INTERNAL', 'WORKER_UNREACHABLE', 'INTERNAL', 'STORE_UNAVAILABLE'] as const)
    errorLog.note(log, new GatewayError(code, 'no'), new Error(`because ${code}`));
  expect(lines.map((line) => /because \w+/.exec(line)?.[0])).toEqual([
    'because INTERNAL',
    'because WORKER_UNREACHABLE',
    'because INTERNAL',
    'because STORE_UNAVAILABLE',
  ]);
});

it('what is left out is a line at the level debug, under its request', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const errorLog = createErrorLog(createManualClock());
  for (const requestId of ['a', 'b'])
    errorLog.note(log.child({ requestId }), new GatewayError('SHUTTING_DOWN', 'later'), new Error('x'));
  const debug = 20;
  expect(lines[1]).toMatchObject({ level: debug, requestId: 'b', code: 'SHUTTING_DOWN', msg: 'later' });
  expect(lines[1]).not.toHaveProperty('err');
});

it('that the gateway stops is told, and is no error', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const errorLog = createErrorLog(createManualClock());
  for (let calls = 0; calls < 3; calls += 1)
    errorLog.note(log, new GatewayError('SHUTTING_DOWN', 'later'), new Error('x'));
  expect(lines).toMatchObject([{ level: pino.levels.values.info, code: 'SHUTTING_DOWN', msg: 'later' }]);
  expect(lines[0]).not.toHaveProperty('err');
});
