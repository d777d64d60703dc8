import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNativeTestApp, type NativeTestApp } from './test-native-app.ts';

let test: NativeTestApp;
beforeEach(() => {
  test = createNativeTestApp();
});
afterEach(async () => {
  expect(await test.stop()).toBe(0);
});

it('/metrics is text for Prometheus, and needs a key that may look', async () => {
  await test.submit();
  await test.call('GET', '/v1/jobs/nope');
  const reply = await test.call('GET', '/metrics', undefined, { as: test.key({ scope: 'viewer' }) });
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(reply.body).toContain('spillway_jobs_submitted_total{endpoint="echo"} 1\n');
  expect(reply.body).toContain(
    'spillway_http_request_duration_seconds_count{method="GET",route="/v1/jobs/:id",status="404"} 1\n',
  );
  expect((await test.call('GET', '/metrics', undefined, { as: test.key() })).statusCode).toBe(403);
  expect((await test.app.inject('/metrics')).statusCode).toBe(401);
});

it('an unknown path makes no series of its own', async () => {
  for (const path of ['/nope/1', '/nope/2']) await test.call('GET', path);
  const { body } = await test.call('GET', '/metrics');
  expect(body).toContain('route="none",status="404"} 2\n');
  expect(body).not.toContain('nope');
});

it('the worker summary names the workers that are ready', async () => {
  const worker = await test.startWorker();
  const open = test.take(worker);
  await test.clock.settle();
  expect((await test.call('GET', '/v2/echo/metrics')).json()).toEqual({
    readyWorkers: [worker],
    workers: { ready: 1, running: 0, idle: 1, initializing: 0, throttled: 0, unhealthy: 0 },
  });
  await test.clock.advance(25_000);
  await open;
});

it('/requests lists an endpoint’s jobs as RunPod’s clients know them, without values', async () => {
  const first = await test.submit();
  await test.submit({ endpoint: 'other' });
  await test.clock.advance(100);
  await test.take();
  await test.clock.advance(50);
  await test.done(first, '{"output":"large"}');
  const second = await test.submit();
  const reply = await test.call('GET', '/v2/echo/requests');
  const { requests } = reply.json<{ requests: object[] }>();
  expect(requests).toMatchObject([
    { id: second, status: 'IN_QUEUE' },
    { id: first, status: 'COMPLETED', delayTime: 100, executionTime: 50, workerId: 'w1' },
  ]);
  expect(reply.body).not.toContain('large');
  const page = await test.call('GET', '/v2/echo/requests?limit=1');
  const { nextCursor } = page.json<{ nextCursor: string }>();
  const next = await test.call('GET', `/v2/echo/requests?limit=1&cursor=${nextCursor}`);
  expect(next.json()).toMatchObject({ requests: [{ id: first }] });
  expect((await test.call('GET', '/v2/echo/requests?status=NOPE')).statusCode).toBe(400);
});
