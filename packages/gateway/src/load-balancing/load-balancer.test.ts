import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createTestDirectory } from '../endpoints/test-directory.ts';
import type { GatewayError } from '../errors.ts';
import { createFakeBackend, type FakeBackend } from '../fleet/fake-backend.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { createCountingIds } from '../lib/counting-ids.ts';
import { createDemandReader } from '../scheduler/read-demand.ts';
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts';
import { createLoadBalancer, type LoadBalancer, SOCKET_GRACE_MS } from './load-balancer.ts';
import type { Permit } from './request-line.ts';
import type { HealthObservation } from './worker-health.ts';

// The load balancer with a real fleet and scheduler; only processes and their answers are played.
const endpoint = newTestEndpoint({
  name: 'web',
  scaling: { type: 'REQUEST_COUNT', requestCount: 1 },
  loadBalancing: {
    healthCheckPath: '/ping',
    healthCheckIntervalMs: 3_000,
    hasHealthPort: true,
    waitTimeoutMs: 120_000,
    requestTimeoutMs: 330_000,
    payloadLimitBytes: 1_000_000,
  },
});
const OK: HealthObservation = { type: 'status', status: 200 };
const DOWN: HealthObservation = { type: 'refused', detail: 'ECONNREFUSED' };

const NO_JOBS = {
  ...{ inQueue: 0, ready: 0, lowPriorityReady: 0, inProgress: 0 },
  ...{ completed: 0, failed: 0, retried: 0 },
};

let clock: ManualClock;
let backend: FakeBackend;
let endpoints: EndpointDirectory;
let fleet: Fleet;
let loadBalancer: LoadBalancer;
let scheduler: Scheduler;
/** What the health port of a worker answers; OK where nothing is said. */
let answers: Map<number, HealthObservation>;
let permits: Permit[];
/** Why workers may not be paid. */
let unpaid: string | undefined;

beforeEach(() => {
  clock = createManualClock();
  backend = createFakeBackend();
  endpoints = createTestDirectory(endpoint, newTestEndpoint({ name: 'jobs' }));
  answers = new Map();
  permits = [];
  unpaid = undefined;
  let port = 20_000;
  fleet = createFleet({
    clock,
    ids: createCountingIds(),
    backends: [backend],
    hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
    hostname: 'box',
    heartbeatMs: 10_000,
    origin: () => 'http://127.0.0.1:1',
    keys: { issueKey: () => 'key', revokeKey: () => {} },
    ports: {
      async take() {
        port += 1;
        return port;
      },
      giveBack: () => {},
    },
    log: { info: () => {}, warn: () => {} },
    drain: (workerId, signal) => loadBalancer.drain(workerId, signal),
    onWorkerLost: () => {},
  });
  loadBalancer = createLoadBalancer({
    clock,
    endpoints,
    fleet,
    probe: async (target) => answers.get(target.port) ?? OK,
    onDemand: () => scheduler.poke(),
    unpaidReason: () => unpaid,
  });
  scheduler = createScheduler({
    clock,
    endpoints,
    fleet,
    queue: createDemandReader({
      ...{ endpoints, loadBalancer, isUnpaid: () => unpaid !== undefined },
      queue: { counts: () => NO_JOBS, oldestQueuedAt: async () => undefined },
    }),
    log: { warn: () => {} },
  });
  loadBalancer.start();
  scheduler.start();
});

afterEach(async () => {
  for (const permit of permits) permit.release('answered');
  const over = Promise.all([loadBalancer.stop(), scheduler.stop(), fleet.stop()]).then(() => true);
  while (!(await Promise.race([over, clock.advance(30_000)])));
  expect(clock.pending()).toEqual([]);
});

/** A request; what became of it is there after the clock was moved. */
function enter() {
  const asked: { permit?: Permit; error?: GatewayError } = {};
  loadBalancer.enter('web', { wish: 'any' }, new AbortController().signal).then(
    (permit) => {
      asked.permit = permit;
      permits.push(permit);
    },
    (error) => {
      asked.error = error;
    },
  );
  return asked;
}

/** Moves time on in steps as small as the loops need to see each other's doing. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) await clock.advance(Math.min(left, 100));
}

const states = () => fleet.workers('web').map(({ state }) => state);

test('the first request starts a worker, which gets it once its health check succeeds', async () => {
  answers.set(20_002, { type: 'status', status: 204 });
  const asked = enter();
  await pass(500);
  expect([states(), asked.permit]).toEqual([['initializing'], undefined]);
  expect(backend.started[0]?.spec.env).toMatchObject({ PORT: '20001', PORT_HEALTH: '20002' });
  answers.delete(20_002);
  await pass(200);
  expect(asked.permit?.port).toBe(20_001);
  expect(loadBalancer.health('web')).toEqual({
    jobs: { completed: 0, failed: 0, inProgress: 1, inQueue: 0, retried: 0 },
    workers: { idle: 0, initializing: 0, ready: 1, running: 1, throttled: 0, unhealthy: 0 },
  });
  asked.permit?.release('answered');
  await pass(6_000);
  expect(states()).toEqual(['stopped']);
});

test('a worker out of the rotation is no reason to wait, and is replaced when it stays so', async () => {
  const asked = enter();
  await pass(500);
  asked.permit?.release('answered');
  answers.set(20_002, { type: 'status', status: 500 });
  endpoints.change('web', { workers: { idleTimeoutMs: 3_600_000 } });
  await pass(3_100);
  expect(loadBalancer.health('web').workers).toMatchObject({ ready: 0, idle: 0, unhealthy: 1 });
  const next = enter();
  await pass(500);
  expect(next.permit?.port).toBe(20_003);
  expect(states()).toEqual(['idle', 'running']);
  await pass(33_000);
  expect(fleet.workers('web')[0]?.stopReason).toBe('its health check answered 500 for 30 s');
});

test('a worker that could not be reached is asked at once, and gets nothing before it answers', async () => {
  const first = enter();
  await pass(500);
  endpoints.change('web', { scaling: { type: 'REQUEST_COUNT', requestCount: 2 }, workers: { max: 1 } });
  answers.set(20_002, DOWN);
  loadBalancer.suspect(first.permit?.workerId ?? '');
  const next = enter();
  await pass(200);
  expect(next.permit).toBeUndefined();
  answers.delete(20_002);
  await pass(3_000);
  expect(next.permit?.workerId).toBe(first.permit?.workerId);
});

test('when workers don’t start at all, whoever waits is told their last words, and nobody waits in vain', async () => {
  const asked = enter();
  for (let i = 0; i < 5; i += 1) {
    while (backend.started.length <= i) await clock.advanceToNext();
    backend.started[i]?.print('ImportError: no module named fastapi');
    backend.started[i]?.exit({ code: 1 });
    await clock.settle();
  }
  await clock.settle();
  expect(asked.error).toMatchObject({ code: 'NO_WORKERS_AVAILABLE' });
  expect(asked.error?.message).toMatch(/^no workers available: .*answered its health check.*ImportError/s);
  const next = enter();
  await clock.settle();
  expect(next.error?.code).toBe('NO_WORKERS_AVAILABLE');
  // Every five minutes one worker is tried: whoever comes then waits for it.
  await pass(301_000);
  const lucky = enter();
  await pass(500);
  expect(backend.started).toHaveLength(6);
  expect(lucky.permit?.workerId).toBe(backend.started[5]?.id);
});

test('a paused or closed endpoint turns requests away at once', async () => {
  endpoints.pause('web');
  const paused = enter();
  endpoints.resume('web');
  endpoints.change('web', { workers: { max: 0 } });
  const closed = enter();
  await clock.settle();
  expect(paused.error?.message).toBe('no workers available: the endpoint is paused');
  expect(closed.error?.message).toContain('endpoints.web.workers.max is 0');
  expect(backend.started).toEqual([]);
});

test('when its budget is used up whoever comes is told so, open requests go on, and then no worker stays', async () => {
  const open = enter();
  await pass(500);
  expect(open.permit?.workerId).toBe(backend.started[0]?.id);
  unpaid = 'the budget of the month is used up';
  scheduler.poke();
  const late = enter();
  await pass(1_000);
  expect(late.error?.message).toBe('no workers available: the budget of the month is used up');
  expect(states()).toEqual(['running']);
  open.permit?.release('answered');
  await pass(1_000);
  expect(states().every((state) => state === 'stopping' || state === 'stopped')).toBe(true);
});

test('a drained worker finishes its requests, but does not wait for WebSockets for ever', async () => {
  endpoints.change('web', { scaling: { type: 'REQUEST_COUNT', requestCount: 2 } });
  const [request, socket] = [enter(), enter()];
  await pass(500);
  socket.permit?.becomeSocket();
  const { workerId = '' } = request.permit ?? {};
  void fleet.stopWorker(workerId, 'it is drained');
  await pass(SOCKET_GRACE_MS + 1_000);
  expect(backend.started[0]?.signals).toEqual([]);
  const next = enter();
  await pass(500);
  expect(next.permit?.workerId).not.toBe(workerId);
  request.permit?.release('answered');
  await pass(500);
  expect(backend.started[0]?.signals[0]).toBe('SIGTERM');
  expect(fleet.worker(workerId)?.state).toBe('stopped');
});

test('after the close no request gets in, and those that wait are turned away', async () => {
  answers.set(20_002, DOWN);
  const waiting = enter();
  await pass(200);
  loadBalancer.close();
  const late = enter();
  await clock.settle();
  expect([waiting.error?.code, late.error?.code]).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
});
