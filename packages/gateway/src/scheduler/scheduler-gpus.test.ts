import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import type { PlacedWorker } from '../fleet/gpu/gpu-placer.ts';
import { GIGABYTE } from '../fleet/gpu/memory-text.ts';
import { createTestPlacer, newTestCard } from '../fleet/gpu/test-placer.ts';
import type { WorkerGpu } from '../fleet/gpu/worker-gpu.ts';
import type { ScaledWorker } from './decide-scale.ts';
import type { QueueSnapshot } from './queue-view.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';

// Endpoints that share cards: who starts, who waits, who gives way.

type Worker = ScaledWorker & PlacedWorker;

const IDLE_MS = 60_000;
const sharing = (name: string, gigabytes: number, changes: Partial<Endpoint> = {}) =>
  newTestEndpoint({
    name,
    gpu: { memoryBytes: gigabytes * GIGABYTE, count: 1 },
    workers: { min: 0, max: 3, idleTimeoutMs: IDLE_MS },
    scaling: { type: 'REQUEST_COUNT', requestCount: 1 },
    ...changes,
  });

let clock: ManualClock;
let workers: Map<string, Worker>;
let queues: Map<string, QueueSnapshot>;
let stopped: { id: string; reason: string }[];
let warnings: string[];
let scheduler: Scheduler | undefined;

beforeEach(() => {
  clock = createManualClock();
  workers = new Map();
  queues = new Map();
  stopped = [];
  warnings = [];
});

afterEach(async () => {
  await scheduler?.stop();
  expect(clock.pending()).toEqual([]);
});

/** Workers are ready at once; they end at once when they are stopped. */
function run(endpoints: readonly Endpoint[], cards = [newTestCard(0, 8)]): void {
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => void listener());
  let count = 0;
  scheduler = createScheduler({
    clock,
    endpoints,
    queue: { snapshot: (name) => queues.get(name) ?? { queued: 0, queuedLowPriority: 0, inProgress: 0 } },
    placer: createTestPlacer({ clock, endpoints, workers: () => [...workers.values()], cards: () => cards }),
    log: { warn: (_fields, message) => warnings.push(message) },
    fleet: {
      workers: (endpoint) => [...workers.values()].filter((worker) => worker.endpoint === endpoint),
      startsAllowed: () => Number.POSITIVE_INFINITY,
      nextStartAt: () => 0,
      startWorker({ name }, gpu?: WorkerGpu) {
        count += 1;
        const id = `${name}-${count}`;
        const kept = gpu && { cards: gpu.cards.map((card) => card.id), memoryBytes: gpu.memoryBytes };
        workers.set(id, {
          ...{ id, endpoint: name, state: 'idle', jobs: 0, idleSince: clock.now(), readyAt: clock.now() },
          ...(kept ? { gpu: kept } : {}),
        });
        tell();
        return id;
      },
      async stopWorker(id, reason) {
        stopped.push({ id, reason });
        workers.delete(id);
        tell();
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  });
  scheduler.start();
}

async function submit(endpoint: string, queued: number): Promise<void> {
  queues.set(endpoint, { queued, queuedLowPriority: 0, inProgress: 0, oldestQueuedAt: clock.now() });
  scheduler?.poke();
  await clock.advance(100);
}

/** The endpoint's workers take all that waits. */
function take(endpoint: string): void {
  const own = [...workers.values()].filter((worker) => worker.endpoint === endpoint);
  for (const { idleSince: _, ...worker } of own)
    workers.set(worker.id, { ...worker, state: 'running', jobs: 1 });
  queues.set(endpoint, { queued: 0, queuedLowPriority: 0, inProgress: own.length });
}

function finish(endpoint: string): void {
  for (const worker of [...workers.values()].filter((one) => one.endpoint === endpoint))
    workers.set(worker.id, { ...worker, state: 'idle', jobs: 0, idleSince: clock.now() });
  queues.set(endpoint, { queued: 0, queuedLowPriority: 0, inProgress: 0 });
  scheduler?.poke();
}

const names = () => [...workers.keys()].map((id) => id.split('-')[0]);

test('a card takes workers of several endpoints, and no more of them than its memory holds', async () => {
  run([sharing('a', 3), sharing('b', 2)]);
  await submit('a', 3);
  expect(names()).toEqual(['a', 'a']);
  take('a');
  await submit('b', 3);
  // 8 GB less the reserve, less twice 3: nothing for b while a works.
  expect(names()).toEqual(['a', 'a']);
  finish('a');
  await clock.advance(100);
  // Both of a give way, one after the other: nothing waits for them.
  expect(names()).toEqual(['b', 'b', 'b']);
});

test('an idle worker gives way to a waiting job of another endpoint at once, a busy one not', async () => {
  run([sharing('a', 6), sharing('b', 6)]);
  await submit('a', 1);
  take('a');
  await submit('b', 1);
  await clock.advance(20_000);
  expect(names()).toEqual(['a']);
  finish('a');
  await clock.advance(100);
  expect(names()).toEqual(['b']);
  expect(stopped).toEqual([{ id: 'a-1', reason: 'a job of b needs its memory on the card' }]);
});

test('a worker that its endpoint always keeps does not give way', async () => {
  run([sharing('a', 6, { workers: { min: 1, max: 1, idleTimeoutMs: IDLE_MS } }), sharing('b', 6)]);
  await clock.advance(100);
  await submit('b', 1);
  await clock.advance(120_000);
  expect(names()).toEqual(['a']);
});

test('nobody gives way to a worker that no job waits for', async () => {
  run([sharing('a', 6), sharing('b', 6, { workers: { min: 1, max: 1, idleTimeoutMs: IDLE_MS } })]);
  await clock.advance(100);
  expect(names()).toEqual(['b']);
  await scheduler?.stop();
  workers.clear();
  queues.clear();
  const late = sharing('b', 6, { workers: { min: 1, max: 1, idleTimeoutMs: IDLE_MS } });
  workers.set('a-0', {
    ...{ id: 'a-0', endpoint: 'a', state: 'idle', jobs: 0, idleSince: clock.now(), readyAt: clock.now() },
    gpu: { cards: ['GPU-0'], memoryBytes: 6 * GIGABYTE },
  });
  run([sharing('a', 6), late]);
  await clock.advance(IDLE_MS - 1_000);
  expect(names()).toEqual(['a']);
  await clock.advance(2_000);
  expect(names()).toEqual(['b']);
  expect(stopped.at(-1)).toEqual({ id: 'a-0', reason: `it was idle for ${IDLE_MS / 1000} s` });
});

test('workers spread over cards once one is full', async () => {
  run([sharing('a', 6)], [newTestCard(0, 8), newTestCard(1, 8)]);
  await submit('a', 3);
  expect([...workers.values()].map(({ gpu }) => gpu?.cards[0])).toEqual(['GPU-0', 'GPU-1']);
});

test('an endpoint that waits for other programs’ memory starts when they have ended', async () => {
  const cards = [newTestCard(0, 8, { usedBytes: 5 * GIGABYTE })];
  run([sharing('a', 6)], cards);
  await submit('a', 1);
  expect(names()).toEqual([]);
  cards[0] = newTestCard(0, 8);
  await clock.advance(10_000);
  expect(names()).toEqual(['a']);
});

test('a built-in worker that has no card to go on starts on the CPU, and the log says why', async () => {
  const detect = newTestEndpoint({ name: 'detect', worker: 'detect', cardUse: 'wanted' });
  run([detect], [newTestCard(0, 4)]);
  await submit('detect', 1);
  expect([...workers.values()].map(({ gpu }) => gpu?.cards)).toEqual([[]]);
  expect(warnings).toEqual([expect.stringMatching(/^a worker runs on the CPU: one needs 7 GB/)]);
});
