import { createManualClock } from '@spillway/sdk/clock';
import { expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { WorkerRefusedError } from './forward-request.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { Permit, RequestOutcome } from './request-line.ts';
import { withWorker } from './with-worker.ts';

/** A request to an endpoint whose workers are w1, w2, …, each given once. */
function start(use: (permit: Permit, signal: AbortSignal) => Promise<RequestOutcome>) {
  const clock = createManualClock();
  const told: string[] = [];
  const left = new AbortController();
  let count = 0;
  const loadBalancer = {
    async enter(): Promise<Permit> {
      count += 1;
      const workerId = `w${count}`;
      const release = (outcome: RequestOutcome) => told.push(`${workerId} ${outcome}`);
      return { workerId, port: 1, becomeSocket: () => {}, release };
    },
    suspect: (workerId: string) => told.push(`${workerId} suspect`),
  } as unknown as LoadBalancer;
  const affinity = { wish: 'any' } as const;
  const options = {
    loadBalancer,
    clock,
    endpoint: 'mine',
    affinity,
    requestTimeoutMs: 330_000,
    left: left.signal,
  };
  const done = withWorker(options, use).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { clock, told, left, done };
}

test('a worker that does not listen is passed over for the next', async () => {
  const run = start(async ({ workerId }) => {
    if (workerId === 'w1') throw new WorkerRefusedError('ECONNREFUSED');
    return 'answered';
  });
  expect(await run.done).toBeUndefined();
  expect(run.told).toEqual(['w1 suspect', 'w1 refused', 'w2 answered']);
  expect(run.clock.pending()).toEqual([]);
});

test('after three that do not listen the client is told', async () => {
  const run = start(() => Promise.reject(new WorkerRefusedError('ECONNREFUSED')));
  expect(await run.done).toMatchObject({ code: 'WORKER_UNREACHABLE' });
  expect(run.told).toHaveLength(6);
});

test('a request that was sent is never sent again', async () => {
  const run = start(() => Promise.reject(new GatewayError('WORKER_UNREACHABLE', 'it hung up')));
  expect(await run.done).toMatchObject({ message: 'it hung up' });
  expect(run.told).toEqual(['w1 suspect', 'w1 failed']);
});

test('a request has its time', async () => {
  const run = start(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  await run.clock.advance(329_999);
  expect(run.told).toEqual([]);
  await run.clock.advance(1);
  expect(await run.done).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  expect(run.told).toEqual(['w1 suspect', 'w1 failed']);
});

test('a client that leaves is nobody’s failure', async () => {
  const run = start(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  await run.clock.settle();
  run.left.abort(new Error('left'));
  expect(await run.done).toMatchObject({ message: 'left' });
  expect(run.told).toEqual(['w1 abandoned']);
  expect(run.clock.pending()).toEqual([]);
});
