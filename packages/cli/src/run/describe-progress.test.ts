import { expect, test } from 'vitest';
import { describeProgress } from './describe-progress.ts';

const job = { id: 'a', status: 'IN_PROGRESS' } as const;

test('a waiting job tells why it waits', () => {
  const waitReason = { code: 'WORKER_STARTING', message: 'a worker is starting; 2 jobs are ahead' } as const;
  expect(describeProgress({ id: 'a', status: 'IN_QUEUE', waitReason }, 70)).toEqual({
    text: 'a worker is starting; 2 jobs are ahead',
  });
  expect(describeProgress({ id: 'a', status: 'IN_QUEUE' }, 70)).toEqual({ text: 'waits for a worker' });
});

test.each([
  [undefined, { text: 'runs' }],
  ['half way', { text: 'half way' }],
  [3, { text: '3' }],
  [
    { stage: 'segment', percent: 30 },
    { text: 'segment', percent: 30 },
  ],
  [{ percent: 5 }, { text: 'runs', percent: 5 }],
  [{ stage: 'train', epoch: 2 }, { text: 'train {"epoch":2}' }],
  [{ step: 1 }, { text: '{"step":1}' }],
  [{ stage: 'x', percent: 400 }, { text: 'x' }],
])('progress of any form is told: %j', (output, told) => {
  expect(describeProgress({ ...job, output }, 70)).toEqual(told);
});

test('a long progress text is cut to its place', () => {
  expect(describeProgress({ ...job, output: 'x'.repeat(100) }, 20).text).toHaveLength(20);
});
