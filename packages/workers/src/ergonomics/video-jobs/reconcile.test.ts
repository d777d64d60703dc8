import { expect, test } from 'vitest';
import { decideEnd, sentenceOf } from './reconcile.ts';
import type { StatusRecord } from './status-record.ts';

const record = { run: 3 } as StatusRecord;

test.each(['IN_QUEUE', 'IN_PROGRESS', 'RUNNING'])(
  'a job that is %s is under way, however silent',
  (status) => {
    expect(decideEnd(record, { status }, true, 9e9)).toBeUndefined();
  },
);

test('a job that ended without a word ends its status with the reason', () => {
  expect(decideEnd(record, { status: 'CANCELLED' }, false, 0)).toEqual({ type: 'cancelled', run: 3 });
  expect(decideEnd(record, { status: 'FAILED', error: 'job timed out after 1 retries' }, false, 0)).toEqual({
    ...{ type: 'failed', run: 3, error: 'The processing ended: job timed out after 1 retries' },
  });
  expect(decideEnd(record, { status: 'TIMED_OUT' }, false, 0)).toMatchObject({
    error: 'The processing ended: its time was over',
  });
  expect(decideEnd(record, { status: 'COMPLETED' }, false, 0)).toMatchObject({
    error: 'The processing ended: it ended without a result',
  });
});

test('where nobody knows the job, only silence ends it', () => {
  for (const unknown of [undefined, 'unreachable'] as const) {
    expect(decideEnd(record, unknown, false, 1000)).toBeUndefined();
    expect(decideEnd(record, unknown, true, 360_000)).toMatchObject({
      ...{ type: 'failed', run: 3, error: expect.stringContaining('no sign of life for 6 minutes') },
    });
  }
});

test('of an unexpected error only the sentence is told', () => {
  expect(sentenceOf('{"error_type":"Error","error_message":"disk full","error_traceback":"at x"}')).toBe(
    'disk full',
  );
  expect(sentenceOf('no JSON')).toBe('no JSON');
});
