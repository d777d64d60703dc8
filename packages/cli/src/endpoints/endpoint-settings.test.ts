import { endpointChangeSchema } from '@spillway/protocol/v1';
import { expect, test } from 'vitest';
import { changeOf, SETTINGS, settingRows } from './endpoint-settings.ts';

test('settings are written as in spillway.yaml', () => {
  expect(
    changeOf([
      'workers.max=5',
      'workers.idleTimeout=1.5m',
      'ttl=2h',
      'retries.handlerError=1',
      'cancelGrace=0s',
    ]),
  ).toEqual({
    workers: { max: 5, idleTimeoutMs: 90_000 },
    ttlMs: 7_200_000,
    retries: { handlerError: 1 },
    cancelGraceMs: 0,
  });
  expect(changeOf(['scaling.requestCount=4'])).toEqual({
    scaling: { type: 'REQUEST_COUNT', requestCount: 4 },
  });
});

test('default takes a value back to that of the file', () => {
  expect(changeOf(['workers.max=default', 'workers.warm=default', 'scaling.queueDelay=default'])).toEqual({
    workers: { max: null, warm: null },
    scaling: null,
  });
});

test.each([
  ['workers.max=five', /workers\.max: expected a whole number/],
  ['ttl=30', /ttl: expected a duration with its unit/],
  ['maxWorkers=5', /expected <setting>=<value>.*workers\.max/],
  ['workers.max', /expected <setting>=<value>/],
])('%s is wrong use', (assignment, words) => {
  expect(() => changeOf([assignment])).toThrow(words);
});

test('every setting makes a change that the gateway takes', () => {
  for (const [key, { kind }] of Object.entries(SETTINGS)) {
    const value = { count: '2', duration: '1m', windows: 'mon-fri 08:00-18:00' }[kind];
    expect(endpointChangeSchema.safeParse(changeOf([`${key}=${value}`])).success).toBe(true);
  }
});

test('what was changed is shown beside what the file says', () => {
  const kept = (value: number) => ({ value, base: value, isOverridden: false });
  const office = { days: 'mon-fri', from: '08:00', to: '18:00', min: 2, timeZone: 'UTC' };
  const rows = settingRows({
    workers: {
      min: kept(0),
      max: { value: 8, base: 3, isOverridden: true },
      idleTimeoutMs: kept(5_000),
      warm: { value: [office], base: [], isOverridden: true },
    },
    scaling: {
      value: { type: 'REQUEST_COUNT', requestCount: 2 },
      base: { type: 'QUEUE_DELAY', queueDelayMs: 4_000 },
      isOverridden: true,
    },
    retries: { workerLost: kept(1), handlerError: kept(0) },
    ...{ executionTimeoutMs: kept(600_000), ttlMs: kept(86_400_000) },
    ...{ initTimeoutMs: kept(420_000), cancelGraceMs: kept(5_000) },
  });
  expect(rows).toContainEqual(['workers.max', '8', 'changed; spillway.yaml says 3']);
  expect(rows).toContainEqual([
    'workers.warm',
    'mon-fri 08:00-18:00 2 UTC',
    'changed; spillway.yaml says none',
  ]);
  expect(rows).toContainEqual(['scaling.requestCount', '2', 'changed; spillway.yaml says QUEUE_DELAY']);
  expect(rows).toContainEqual(['ttl', '1d', '']);
  expect(rows.map(([key]) => key)).not.toContain('scaling.queueDelay');
});
