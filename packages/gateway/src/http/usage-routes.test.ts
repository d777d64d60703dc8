import type { BudgetsView, EstimateView, JobDetail, PricesView, UsageView } from '@spillway/protocol/v1';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { microsOf } from '../usage/money.ts';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

// What callers are told of costs, on a machine whose workers cost $3.60 an hour: a tenth of a cent a second.

const SECOND = 1_000;
const budget = {
  name: 'box',
  per: 'day',
  limitMicros: microsOf(1),
  alertAt: [50],
  isHardStop: true,
} as const;
let app: NativeTestApp;

beforeEach(() => {
  app = createNativeTestApp({}, undefined, [], {
    prices: { local: microsOf(3.6), pool: 0, runpod: { ADA_24: microsOf(1) } },
    budgets: [budget, { ...budget, name: 'team', endpoint: 'other' }],
  });
});
afterEach(async () => {
  expect(await app.stop()).toBe(0);
});

/** Two jobs of 1.5 s, in a worker that took 10 s to start. */
async function work(): Promise<string> {
  const worker = await app.startWorker();
  await app.clock.advance(10 * SECOND);
  const client = app.key({ name: 'shop' });
  const as = { as: client };
  for (const tags of [['red'], ['red', '=blue']]) {
    const submitted = await app.call('POST', '/v1/jobs', { endpoint: 'echo', input: {}, tags }, as);
    const { id } = submitted.json<{ id: string }>();
    await app.take(worker);
    await app.clock.advance(1_500);
    await app.done(id, '{"output":1}', worker);
    if (tags.length === 2) return id;
  }
  throw new Error('no job');
}

const get = async <T>(path: string) => (await app.call('GET', path)).json<T>();

test('usage adds up by endpoint, with the worker’s start-up beside the work', async () => {
  const id = await work();
  const { rows, total } = await get<UsageView>('/v1/usage');
  expect(rows).toMatchObject([
    {
      kind: 'attempts',
      endpoint: 'echo',
      attempts: 2,
      chargedSeconds: 4,
      executionMs: 3_000,
      costMicros: 4_000,
    },
    { kind: 'workers', endpoint: 'echo', startUpMs: 10_000, idleMs: 0, costMicros: 9_000 },
  ]);
  // Ten seconds and three, each paid once.
  expect(total.costMicros).toBe(13_000);
  const { attempts } = await get<JobDetail>(`/v1/jobs/${id}`);
  expect(attempts[0]?.cost).toEqual({ seconds: 2, priceClass: 'local', micros: 2_000 });
});

test('usage is told apart by key and tag, and filtered', async () => {
  await work();
  const byTag = await get<UsageView>('/v1/usage?groupBy=tag,day&endpoint=echo');
  expect(
    byTag.rows.filter(({ kind }) => kind === 'attempts').map(({ tag, attempts }) => [tag, attempts]),
  ).toEqual([
    ...[
      ['=blue', 1],
      ['red', 2],
    ],
  ]);
  expect(byTag.total.attempts).toBe(2);
  const [{ key = '' } = {}] = (await get<UsageView>('/v1/usage?groupBy=key')).rows.filter(
    ({ key: id }) => id,
  );
  expect(key).not.toBe('admin');
  expect((await get<UsageView>(`/v1/usage?key=${key}`)).total).toMatchObject({
    attempts: 2,
    costMicros: 4_000,
  });
  expect((await get<UsageView>('/v1/usage?key=admin')).total.attempts).toBe(0);
  expect((await get<UsageView>('/v1/usage?tag=red&until=2020-01-01')).total.attempts).toBe(0);
});

test('usage comes as CSV where that is asked for, and no cell of it is a formula', async () => {
  await work();
  const headers = { accept: 'text/csv' };
  const reply = await app.call('GET', '/v1/usage?groupBy=tag', undefined, { headers });
  expect(reply.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(reply.body.split('\r\n')).toEqual([
    'kind,day,endpoint,key,tag,attempts,completed,execution_seconds,charged_seconds,unpriced_attempts,start_up_seconds,idle_seconds,cost_usd,unseen_submits,possible_cost_usd',
    "attempts,,,,'=blue,1,1,1.500,2,0,0.000,0.000,0.002,0,0.00",
    'attempts,,,,red,2,2,3.000,4,0,0.000,0.000,0.004,0,0.00',
    'workers,,,,,0,0,0.000,0,0,10.000,0.000,0.009,0,0.00',
    '',
  ]);
  expect((await app.call('GET', '/v1/usage?format=csv')).body).toContain('kind,');
  expect((await app.call('GET', '/v1/usage?format=json', undefined, { headers })).json()).toHaveProperty(
    'rows',
  );
});

test.each([
  ['groupBy=colour', 'groupBy: expected day, endpoint, key, tag'],
  ['since=yesterday', 'since: expected a day such as 2026-11-21'],
  ['since=2026-11-21&until=2026-11-20', 'since: expected a day that is not after'],
  ['format=xlsx', 'format: expected json or csv'],
])('a question that makes no sense is told so: %s', async (query, message) => {
  const reply = await app.call('GET', `/v1/usage?${query}`);
  expect(reply.statusCode).toBe(400);
  expect(reply.body).toContain(message);
});

describe('keys', () => {
  test('of a client see prices and estimates, and not what others spent', async () => {
    const as = { as: app.key() };
    for (const path of ['/v1/usage', '/v1/budgets'])
      expect((await app.call('GET', path, undefined, as)).statusCode).toBe(403);
    expect((await app.call('GET', '/v1/prices', undefined, as)).statusCode).toBe(200);
    const body = { endpoint: 'echo', jobs: 1 };
    expect((await app.call('POST', '/v1/estimate', body, as)).statusCode).toBe(200);
    expect((await app.call('POST', '/v1/prices/refresh', undefined, as)).statusCode).toBe(403);
  });

  test('limited to an endpoint see its usage and budgets alone', async () => {
    await work();
    const as = { as: app.key({ scope: 'viewer', endpoints: ['other'] }) };
    const usage = (await app.call('GET', '/v1/usage', undefined, as)).json<UsageView>();
    expect(usage).toMatchObject({ rows: [], total: { attempts: 0, costMicros: 0 } });
    const { budgets } = (await app.call('GET', '/v1/budgets', undefined, as)).json<BudgetsView>();
    expect(budgets.map(({ name }) => name)).toEqual(['team']);
    expect((await app.call('GET', '/v1/usage?endpoint=echo', undefined, as)).statusCode).toBe(404);
  });
});

test('prices say how they are known, and the file’s own are told apart', async () => {
  const { workers, storage } = await get<PricesView>('/v1/prices');
  const of = (name: string) => workers.find((one) => one.class === name);
  expect(of('local')).toEqual({ class: 'local', microsPerHour: 3_600_000, source: 'spillway.yaml' });
  expect(of('ADA_24')).toMatchObject({ microsPerHour: 1_000_000, source: 'spillway.yaml' });
  expect(of('AMPERE_24')).toMatchObject({
    ...{ microsPerHour: 190 * 3_600, activeMicrosPerHour: 130 * 3_600, asOf: '2026-08-20' },
  });
  expect(of('BLACKWELL_96')).not.toHaveProperty('activeMicrosPerHour');
  for (const { asOf, source } of storage) expect(`${asOf} ${source}`).toMatch(/^\d{4}-\d{2}-\d{2} .*RunPod/);
});

test('an estimate rests on what was measured, and says so where nothing was', async () => {
  const ask = async () =>
    (await app.call('POST', '/v1/estimate', { endpoint: 'echo', jobs: 1_000 })).json<EstimateView>().places;
  expect(await ask()).toMatchObject([
    {
      place: 'local',
      measuredAttempts: 0,
      notes: expect.arrayContaining([expect.stringContaining('nothing')]),
    },
  ]);
  expect((await ask())[0]).not.toHaveProperty('expectedMicros');
  await work();
  expect(await ask()).toMatchObject([
    { measuredAttempts: 2, meanMs: 1_500, expectedMicros: 2_000 * 1_000, microsPerHour: 3_600_000 },
  ]);
  const unknown = await app.call('POST', '/v1/estimate', { endpoint: 'nowhere', jobs: 1 });
  expect(unknown.statusCode).toBe(404);
});

test('metrics have what was spent, and how budgets stand', async () => {
  await work();
  const { body } = await app.call('GET', '/metrics');
  expect(body).toContain('spillway_cost_dollars_total{endpoint="echo",backend="process"} 0.013');
  expect(body).toContain('spillway_budget_limit_dollars{budget="box"} 1');
  expect(body).toContain('spillway_budget_spent_dollars{budget="box"} 0.013');
});
