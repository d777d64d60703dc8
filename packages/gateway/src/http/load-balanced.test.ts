import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultConfig } from '../config/index.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import { GatewayError } from '../errors.ts';
import { createApp } from './app.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { createRequestIds } from './request-log.ts';
import type { RouteParts } from './route.ts';
import { type InjectedApp, withInject } from './test-inject.ts';
import { newTestParts } from './test-parts.ts';

let app: InjectedApp;
let clock: ManualClock;
/** Endpoints that were asked for a worker. */
let entered: string[];
beforeEach(() => {
  clock = createManualClock();
  entered = [];
  const endpoints = createTestDirectory(
    newTestEndpoint({
      name: 'web',
      loadBalancing: {
        healthCheckPath: '/ping',
        healthCheckIntervalMs: 1_000,
        waitTimeoutMs: 1_000,
        requestTimeoutMs: 1_000,
        payloadLimitBytes: 1_000,
        hasHealthPort: false,
      },
    }),
  );
  const loadBalancer = {
    async enter(endpoint: string) {
      entered.push(endpoint);
      throw new GatewayError('WORKER_UNREACHABLE', 'there is none in this test');
    },
  };
  const { rateLimits } = defaultConfig('/', {});
  const served = createApp({
    parts: { endpoints, clock, loadBalancer, ...newTestParts() } as unknown as RouteParts,
    authenticate: (header) => ({
      scope: header === 'admin' ? 'admin' : 'client',
      keyId: header ?? '',
    }),
    log: pino({ level: 'silent' }),
    limiter: createRateLimiter({ ...rateLimits, lb: 2 }, clock),
    requestIds: createRequestIds('run1'),
  });
  app = withInject(served);
});
afterEach(() => app.close());

const ask = (authorization = 'key') =>
  app.inject({
    method: 'PUT',
    url: '/lb/web/any/path?x',
    headers: { authorization, 'x-request-id': 'mine-1' },
  });

it('requests to load-balancing endpoints count for a limit of their own, and those over it reach no worker', async () => {
  const first = await ask();
  expect(first.statusCode).toBe(502);
  expect(first.headers).toMatchObject({
    'ratelimit-policy': '"lb";q=2;w=10',
    ratelimit: '"lb";r=1;t=5',
    'x-request-id': 'mine-1',
  });
  await ask();
  const refused = await ask();
  expect(refused.statusCode).toBe(429);
  expect(refused.headers).toMatchObject({
    'retry-after': '5',
    ratelimit: '"lb";r=0;t=10',
    'x-request-id': 'mine-1',
  });
  expect(refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED', title: 'Too Many Requests' });
  expect(refused.json<{ detail: string }>().detail).toMatch(/2 of kind lb in 10 s; try again in 5000 ms/);
  expect(entered).toHaveLength(2);
  expect((await ask('another key')).statusCode).toBe(502);
  await clock.advance(5_000);
  expect((await ask()).statusCode).toBe(502);
});

it('an admin’s requests have no limit', async () => {
  for (let i = 0; i < 5; i += 1) {
    const reply = await ask('admin');
    expect([reply.statusCode, reply.headers.ratelimit]).toEqual([502, undefined]);
  }
});
