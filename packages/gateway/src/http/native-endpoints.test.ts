import {
  type EndpointView,
  endpointListSchema,
  endpointViewSchema,
  SETTING_LIMITS,
  workerListSchema,
  workerViewSchema,
} from '@spillway/protocol/v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../config/index.ts';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

const detailOf = (reply: { json(): { detail: string } }) => reply.json().detail;
const patch = (body: unknown) => test.call('PATCH', '/v1/endpoints/echo', body);
const echo = async (): Promise<EndpointView> =>
  endpointViewSchema.parse((await test.call('GET', '/v1/endpoints/echo')).json());

describe('an endpoint', () => {
  it('shows what holds and what the file says', async () => {
    const { endpoints } = endpointListSchema.parse((await test.call('GET', '/v1/endpoints')).json());
    expect(endpoints.map(({ name }) => name)).toEqual(['echo', 'other']);
    expect(await echo()).toMatchObject({
      name: 'echo',
      isPaused: false,
      settings: { workers: { max: { value: 3, base: 3, isOverridden: false } } },
      jobs: { inQueue: 0 },
      workers: { idle: 0 },
    });
  });

  it('is changed live, for jobs submitted from then on, and goes back to the file on reset', async () => {
    const changed = endpointViewSchema.parse(
      (await patch({ workers: { max: 7 }, executionTimeoutMs: 5_000, retries: { handlerError: 2 } })).json(),
    );
    expect(changed.settings.workers.max).toEqual({ value: 7, base: 3, isOverridden: true });
    const id = await test.submit();
    expect(await test.queue.get(id)).toMatchObject({
      executionTimeoutMs: 5_000,
      limits: { workerLost: 1, handlerError: 2 },
    });
    const reset = await test.call('DELETE', '/v1/endpoints/echo/overrides');
    expect(reset.json()).toMatchObject({ settings: { workers: { max: { value: 3, isOverridden: false } } } });
    expect(test.endpoints.get('echo')?.executionTimeoutMs).toBe(600_000);
  });

  it('keeps workers warm at other hours than the file says, until it is told otherwise', async () => {
    const office = { days: 'mon-fri', from: '08:00', to: '18:00', min: 2, timeZone: 'Europe/Berlin' };
    const { days: _, timeZone: __, ...daily } = office;
    const changed = endpointViewSchema.parse((await patch({ workers: { warm: [office, daily] } })).json());
    expect(changed.settings.workers.warm).toEqual({
      value: [office, { ...daily, days: 'daily', timeZone: 'UTC' }],
      base: [],
      isOverridden: true,
    });
    expect(test.endpoints.get('echo')?.workers).toMatchObject({
      max: 3,
      warm: [{ days: [1, 2, 3, 4, 5], fromMinute: 480, min: 2 }, { timeZone: 'UTC' }],
    });
    expect((await patch({ workers: { warm: null } })).json()).toMatchObject({
      settings: { workers: { warm: { value: [], isOverridden: false } } },
    });
  });

  it.each([
    ['{"workers":{"max":1001}}', /workers\.max: .*1000/],
    ['{"workers":{"min":4}}', /workers\.min: expected at most workers\.max \(3\)/],
    ['{"workers":{"maximum":4}}', /maximum/],
    ['{"ttlMs":"24h"}', /ttlMs: /],
    ['{"scaling":{"type":"QUEUE_DELAY"}}', /scaling\.queueDelayMs: /],
    ['{"idleTimeout":5}', /idleTimeout/],
    [
      '{"workers":{"warm":[{"from":"8:00","to":"18:00"}]}}',
      /workers\.warm.*from: expected a time of day, hh:mm/,
    ],
    [
      '{"workers":{"warm":[{"from":"08:00","to":"18:00","timeZone":"CEST?"}]}}',
      /timeZone: expected the IANA name/,
    ],
  ])('refuses the change %s, says why, and stays as it was', async (body, words) => {
    const before = await echo();
    const reply = await patch(body);
    expect(reply.statusCode).toBe(400);
    expect(detailOf(reply)).toMatch(words);
    expect(await echo()).toEqual(before);
  });

  it('is changed by admins only', async () => {
    for (const scope of ['client', 'viewer'] as const) {
      const as = test.key({ scope });
      for (const [method, path] of [
        ['PATCH', ''],
        ['DELETE', '/overrides'],
        ['POST', '/pause'],
        ['POST', '/drain'],
      ] as const) {
        const reply = await test.call(method, `/v1/endpoints/echo${path}`, {}, { as });
        expect(reply.statusCode).toBe(403);
      }
    }
    const as = test.key({ scope: 'admin', endpoints: ['other'] });
    expect((await test.call('POST', '/v1/endpoints/echo/pause', {}, { as })).statusCode).toBe(404);
  });

  it('that is paused takes jobs and delivers none until it is resumed', async () => {
    const open = test.take('w1');
    expect((await test.call('POST', '/v1/endpoints/echo/pause')).json()).toMatchObject({ isPaused: true });
    const id = await test.submit();
    await test.clock.advance(1_000);
    expect(await test.show(id)).toMatchObject({ status: 'IN_QUEUE' });
    const late = test.take('w2');
    expect((await test.call('POST', '/v1/endpoints/echo/resume')).json()).toMatchObject({ isPaused: false });
    expect((await open).json()).toMatchObject({ id });
    await test.clock.advance(25_000);
    expect((await late).statusCode).toBe(204);
  });

  it('whose workers serve HTTP themselves takes no jobs and is not paused', async () => {
    const loadBalancing = {
      ...{ healthCheckPath: '/ping', healthCheckIntervalMs: 1_000, hasHealthPort: false },
      ...{ waitTimeoutMs: 1_000, requestTimeoutMs: 1_000, payloadLimitBytes: 1_000 },
    };
    const served = createNativeTestApp({ loadBalancing });
    for (const [path, body] of [
      ['/v1/jobs', { endpoint: 'echo', input: {} }],
      ['/v1/endpoints/echo/pause', {}],
    ] as const)
      expect((await served.call('POST', path, body)).json()).toMatchObject({
        code: 'LOAD_BALANCER_ENDPOINT',
      });
    expect(await served.stop()).toBe(0);
  });

  it('drains: its workers finish what they have and end', async () => {
    const worker = await test.startWorker();
    const id = await test.submit();
    await test.take(worker);
    const reply = await test.call('POST', '/v1/endpoints/echo/drain');
    expect([reply.statusCode, reply.json()]).toEqual([202, { draining: [worker] }]);
    await test.clock.advance(60_000);
    expect(test.backend.started[0]?.signals).toEqual([]);
    await test.done(id, '{"output":1}', worker);
    await test.clock.settle();
    expect(await test.show(id)).toMatchObject({ status: 'COMPLETED' });
    expect(test.fleet.worker(worker)).toMatchObject({ state: 'stopped' });
  });

  it('tries its starts again at once when asked', async () => {
    await test.startWorker();
    test.backend.started[0]?.exit({ code: 1 });
    await test.clock.settle();
    expect((await echo()).problem).toMatchObject({ code: 'WORKER_CRASH_LOOP', failures: 1 });
    expect(test.fleet.startsAllowed('echo')).toBe(0);
    await test.call('POST', '/v1/endpoints/echo/resume-starts');
    expect(test.fleet.startsAllowed('echo')).toBe(1);
  });
});

/** `spillway.yaml` with one setting of the endpoint, durations in its own words. */
function isTakenByFile(key: string, value: number): boolean {
  const file = {
    'workers.max': `workers: {max: ${value}}`,
    'workers.idleTimeoutMs': `workers: {idleTimeout: ${value}ms}`,
    'scaling.queueDelayMs': `scaling: {type: QUEUE_DELAY, queueDelay: ${value}ms}`,
    'scaling.requestCount': `scaling: {type: REQUEST_COUNT, requestCount: ${value}}`,
    executionTimeoutMs: `executionTimeout: ${value}ms`,
    ttlMs: `ttl: ${value}ms`,
    initTimeoutMs: `initTimeout: ${value}ms`,
    cancelGraceMs: `cancelGrace: ${value}ms`,
    'retries.workerLost': `retries: {workerLost: ${value}}`,
  }[key];
  const yaml = `endpoints:\n  echo:\n    command: [x]\n    ${file}\n`;
  return parseConfig(yaml, { path: '/site/spillway.yaml', env: {}, builtInWorkers: {} }).ok;
}

describe('the bounds of live changes are those of the file:', () => {
  it.each([
    ['workers.max', SETTING_LIMITS.workers],
    ['workers.idleTimeoutMs', SETTING_LIMITS.idleTimeoutMs],
    ['scaling.queueDelayMs', SETTING_LIMITS.queueDelayMs],
    ['scaling.requestCount', SETTING_LIMITS.requestCount],
    ['executionTimeoutMs', SETTING_LIMITS.executionTimeoutMs],
    ['ttlMs', SETTING_LIMITS.ttlMs],
    ['initTimeoutMs', SETTING_LIMITS.initTimeoutMs],
    ['cancelGraceMs', SETTING_LIMITS.cancelGraceMs],
    ['retries.workerLost', SETTING_LIMITS.retries],
  ] as const)('%s', async (key, { min, max }) => {
    for (const value of [min, max, min - 1, max + 1]) {
      const [group = '', name] = key.split('.');
      const type = name === 'requestCount' ? 'REQUEST_COUNT' : 'QUEUE_DELAY';
      const inner = group === 'scaling' ? { type, [name ?? '']: value } : { [name ?? '']: value };
      const reply = await patch({ [group]: name === undefined ? value : inner });
      expect([key, value, reply.statusCode === 200]).toEqual([key, value, isTakenByFile(key, value)]);
    }
  });
});

describe('workers', () => {
  it('are listed and shown, to a key of their endpoint only', async () => {
    const id = await test.startWorker();
    const { workers } = workerListSchema.parse((await test.call('GET', '/v1/workers')).json());
    expect(workers).toMatchObject([{ id, endpoint: 'echo', state: 'initializing', jobs: 0 }]);
    const shown = workerViewSchema.parse((await test.call('GET', `/v1/workers/${id}`)).json());
    expect(shown).toEqual(workers[0]);
    const as = test.key({ scope: 'viewer', endpoints: ['other'] });
    expect((await test.call('GET', '/v1/workers', undefined, { as })).json()).toEqual({ workers: [] });
    for (const path of [`/v1/workers/${id}`, `/v1/workers/${id}/logs`, '/v1/workers?endpoint=echo'])
      expect((await test.call('GET', path, undefined, { as })).statusCode).toBe(404);
  });

  it('drain one by one', async () => {
    const [first, second] = [await test.startWorker(), await test.startWorker()];
    expect((await test.call('POST', `/v1/workers/${first}/drain`)).statusCode).toBe(202);
    await test.clock.settle();
    expect(test.fleet.worker(first)).toMatchObject({ state: 'stopped', stopReason: 'somebody drained it' });
    expect(test.fleet.worker(second)).toMatchObject({ state: 'initializing' });
    expect((await test.call('POST', '/v1/workers/nope/drain')).json()).toMatchObject({
      code: 'WORKER_NOT_FOUND',
    });
  });
});
